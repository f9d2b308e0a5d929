// What the fuzz targets of the tokenizer files share.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/scratch_file.h"
#include "tokenizer/tokenizer.h"
#include "util/error.h"

namespace freeact {

// A checkpoint folder of which one file is in memory.
class ScratchFolder {
 public:
  explicit ScratchFolder(const char* name)
      : folder_(std::filesystem::temp_directory_path() / ("freeact_fuzz_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    std::filesystem::remove(folder_ / name);
    std::filesystem::create_symlink(file_.path(), folder_ / name);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }
  void write(std::string_view content) { file_.write(content); }

 private:
  ScratchFile file_;
  std::filesystem::path folder_;
};

// Encodes and decodes some text with whatever the tokenizer holds.
inline void use(const Tokenizer& tokenizer) {
  for (const std::string_view text : {"Two words, 42!", "a\xC3\xA9 \n\n  <mask>e\xCC\x81", "\xFF\xE2\x82 aaaaaaaa"}) {
    try {
      const std::vector<int64_t> ids = tokenizer.encode(text);
      for (const int64_t id : ids) FREEACT_CHECK(id >= 0 && id < tokenizer.size(), "id {}", id);
      tokenizer.decode(ids, /*skip_special=*/true);
    } catch (const UserError&) {  // a byte without an entry
    }
  }
  FREEACT_CHECK(tokenizer.base_size() <= tokenizer.size(), "{} entries", tokenizer.base_size());
}

}  // namespace freeact
