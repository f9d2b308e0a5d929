// Memory that this process holds and held, as Linux counts it.
#pragma once

#include <cstdint>

namespace freeact {

// Resident now (VmRSS), and at its highest since the start or the last reset (VmHWM); -1 where it cannot be read.
struct ResidentMemory {
  int64_t now_bytes = -1, peak_bytes = -1;
};
ResidentMemory resident_memory();

// How far the resident memory rises above where it stands at construction, which first returns to the system what the
// allocator holds free.
class PeakMemory {
 public:
  PeakMemory();
  // -1 where unknown, also when the kernel does not let the peak be reset and an older one hides this one.
  int64_t extra_bytes() const;

 private:
  bool reset_ = false;
  ResidentMemory begin_;
};

}  // namespace freeact
