// config.json: from the text to the table of tensors that a checkpoint must hold, those of a vision tower included.
// Neither builder makes a tensor, and both limit the lines of their table, so that absurd sizes cost no memory.
#include "fuzz/run.h"
#include "model/family.h"
#include "util/files.h"

namespace freeact {
namespace {

// Throws Defect on a shape that no tensor can have.
void list_tensors(VisionTower& tower) {
  int64_t count = 0;
  tower.visit_tensors([&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor&) {
    for (const int64_t size : shape) FREEACT_CHECK(size > 0, "tensor {} of a side {}", name, size);
    ++count;
  });
  FREEACT_CHECK(count > 0 && tower.width() > 0, "a tower of {} tensors", count);
}

}  // namespace
}  // namespace freeact

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  return run_input(data, size, [](std::string_view text) {
    const nlohmann::json config = parse_json(text, "config.json");
    const Family& family = find_family("", config);
    const DecoderConfig decoder = read_decoder_config(family, config);
    FREEACT_CHECK(!expected_tensors(decoder, family.modules).empty(), "a model without tensors");
    if (family.make_vision) list_tensors(*family.make_vision(config));
  });
}
