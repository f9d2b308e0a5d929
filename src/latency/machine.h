// The machine that times were measured on.
#pragma once

#include <cstdint>
#include <string>

namespace freeact {

struct Machine {
  std::string cpu;               // "AMD EPYC"; "unknown" where it cannot be read, as for all others
  int cores = 0;                 // that this system shows
  std::string instruction_sets;  // those that matter to arithmetic: "avx2 fma avx512f avx512_vnni"
  std::string clock;             // "2596 MHz, governor performance": now, of the first core
  std::string operating_system;  // "Debian GNU/Linux 12 (bookworm)"
  std::string accelerator = {};  // "NVIDIA H100"; empty: none is used
};

Machine describe_machine();

// "AMD EPYC, 2 cores, 1 thread per run, Debian GNU/Linux 12 (bookworm)", and ", NVIDIA H100" where that is used.
std::string machine_line(const Machine& machine, int threads_per_run);

// The largest cache of the first core, which others may share; 0 where it cannot be read.
int64_t last_level_cache_bytes();

}  // namespace freeact
