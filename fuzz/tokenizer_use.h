// What the fuzz targets of the tokenizer files share.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/scratch_file.h"
#include "fuzz/scratch_folder.h"
#include "tokenizer/tokenizer.h"
#include "util/error.h"

namespace freeact {

// A checkpoint folder of which one file is in memory.
class ScratchFolder : public OwnFolder {
 public:
  explicit ScratchFolder(const char* name) {
    std::filesystem::remove(path() / name);
    std::filesystem::create_symlink(file_.path(), path() / name);
  }
  void write(std::string_view content) { file_.write(content); }

 private:
  ScratchFile file_;
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
