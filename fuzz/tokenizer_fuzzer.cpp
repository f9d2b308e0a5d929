// tokenizer.json: load it, then encode and decode some text with whatever it describes.
#include "fuzz/run.h"
#include "fuzz/tokenizer_use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  static ScratchFolder folder("tokenizer.json");
  return run_input(data, size, [](std::string_view text) {
    folder.write(text);
    use(Tokenizer::load(folder.path()));
  });
}
