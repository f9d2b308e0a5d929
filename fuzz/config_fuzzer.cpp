// config.json: from the text to the table of tensors that a checkpoint must hold.
#include "fuzz/run.h"
#include "model/family.h"
#include "util/files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  return run_input(data, size, [](std::string_view text) {
    const nlohmann::json config = parse_json(text, "config.json");
    const Family& family = find_family("", config);
    const DecoderConfig decoder = read_decoder_config(family, config);
    FREEACT_CHECK(!expected_tensors(decoder, family.modules).empty(), "a model without tensors");
  });
}
