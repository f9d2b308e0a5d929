// tokenizer.json: load it, then encode and decode some text with whatever it describes.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fuzz/run.h"
#include "fuzz/scratch_file.h"
#include "tokenizer/tokenizer.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// A checkpoint folder whose tokenizer.json is a file in memory.
class ScratchFolder {
 public:
  ScratchFolder() : folder_(fs::temp_directory_path() / ("freeact_fuzz_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
    fs::remove(folder_ / "tokenizer.json");
    fs::create_symlink(file_.path(), folder_ / "tokenizer.json");
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& path() const { return folder_; }
  void write(std::string_view tokenizer_json) { file_.write(tokenizer_json); }

 private:
  ScratchFile file_;
  fs::path folder_;
};

void use(const Tokenizer& tokenizer) {
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

}  // namespace
}  // namespace freeact

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  static ScratchFolder folder;
  return run_input(data, size, [](std::string_view text) {
    folder.write(text);
    use(Tokenizer::load(folder.path()));
  });
}
