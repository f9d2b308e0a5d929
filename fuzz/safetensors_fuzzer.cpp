// A weight file: open it, read every byte of every tensor, load it with a conversion.
#include <ATen/ATen.h>

#include "checkpoint/safetensors.h"
#include "fuzz/run.h"
#include "fuzz/scratch_file.h"

namespace freeact {
namespace {

void read_all(const SafetensorsFile& file) {
  for (const auto& [name, info] : file.tensors()) {
    const at::Tensor view = file.tensor(name);
    FREEACT_CHECK(view.nbytes() == info.bytes, "tensor {}", name);
    const at::Tensor loaded = file.load(name, at::kFloat, at::kCPU);
    FREEACT_CHECK(loaded.sizes() == view.sizes(), "tensor {}", name);
    FREEACT_CHECK(at::equal(file.tensor(name).to(at::kFloat).nan_to_num(), loaded.nan_to_num()), "tensor {}", name);
  }
}

}  // namespace
}  // namespace freeact

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  static ScratchFile file;
  return run_input(data, size, [](std::string_view bytes) {
    file.write(bytes);
    read_all(SafetensorsFile(file.path()));
  });
}
