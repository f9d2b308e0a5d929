// A strict accelerator without hardware, on PyTorch's PrivateUse1 key, for tests of code that shall run on a GPU. Like
// CUDA it refuses operations that mix its tensors with the host's (of one dimension or more), and its memory is not the
// host's: reading it by a raw pointer ends the program with a fault. Values are computed by the CPU's kernels.
// Link it whole (an object library): it registers itself.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace freeact {

inline const at::Device kFakeDevice = at::Device(at::DeviceType::PrivateUse1, 0);

// Bytes that its tensors hold now, and held at the most since the last reset.
struct FakeMemory {
  int64_t in_use = 0, peak = 0;
};
FakeMemory fake_memory();
void reset_fake_peak();

}  // namespace freeact
