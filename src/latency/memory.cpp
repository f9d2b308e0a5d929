#include "latency/memory.h"

#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace freeact {
namespace {

// proc(5): 5 sets VmHWM to the present VmRSS.
bool reset_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

}  // namespace

ResidentMemory resident_memory() {
  ResidentMemory memory;
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    const auto kib = [&] { return std::stoll(line.substr(line.find(':') + 1)) * 1024; };
    if (line.starts_with("VmRSS:")) memory.now_bytes = kib();
    if (line.starts_with("VmHWM:")) memory.peak_bytes = kib();
  }
  return memory;
}

PeakMemory::PeakMemory() {
  malloc_trim(0);
  reset_ = reset_peak();
  begin_ = resident_memory();
}

int64_t PeakMemory::extra_bytes() const {
  const ResidentMemory end = resident_memory();
  if (begin_.now_bytes < 0 || end.peak_bytes < 0) return -1;
  if (!reset_ && end.peak_bytes <= begin_.peak_bytes) return -1;
  return std::max<int64_t>(0, end.peak_bytes - begin_.now_bytes);
}

}  // namespace freeact
