// A child process with its stdin and stdout in our hands.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace freeact {

struct ChildLimits {
  double wall_s;
  int64_t output_bytes;
};

struct ChildOutcome {
  std::string output;
  std::optional<int> exit_code;  // nothing when a signal ended it
  bool timed_out = false, too_much_output = false;
};

// Starts argv[0] by its path, writes `input` to its stdin and reads its stdout until both ends are closed; stderr is
// dropped. At a limit the child gets SIGKILL. before_exec runs in the child and must only make system calls; false ends
// it. Throws EnvironmentError where no process can be started.
ChildOutcome run_child(const std::vector<std::string>& argv, const std::string& input, const ChildLimits& limits,
                       const std::function<bool()>& before_exec);

}  // namespace freeact
