// tokenizer.model: load it as InternLM2's, then encode and decode some text with its pieces.
#include "fuzz/run.h"
#include "fuzz/tokenizer_use.h"
#include "util/files.h"

namespace freeact {
namespace {

constexpr const char* kSettings = R"({"tokenizer_class": "InternLM2Tokenizer", "bos_token": "<s>", "unk_token": "<unk>",
    "added_tokens_decoder": {"300": {"content": "<mask>", "special": true}}})";

struct InternLm2Folder : ScratchFolder {
  InternLm2Folder() : ScratchFolder("tokenizer.model") {
    write_file_atomically(path() / "tokenizer_config.json", kSettings);
  }
};

}  // namespace
}  // namespace freeact

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  static InternLm2Folder folder;
  return run_input(data, size, [](std::string_view bytes) {
    folder.write(bytes);
    use(Tokenizer::load(folder.path()));
  });
}
