// Runs programs that nobody vouches for, such as code that a model wrote: in namespaces of their own (bubblewrap),
// without network, with the system's files read-only and a scratch folder in memory that is gone afterwards, under
// limits of time, memory, processes and output.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace freeact {

// kLimitsAlone: nothing is hidden, and files and network can be reached; for users who vouch for what they run.
enum class Isolation { kSandbox, kLimitsAlone };

struct SandboxLimits {
  double wall_s = 10;
  int64_t memory_bytes = int64_t{1} << 30;  // of addresses, a process
  int64_t scratch_bytes = int64_t{64} << 20;
  int64_t output_bytes = int64_t{1} << 20;  // the run ends where it writes more
  int processes = 16;                       // and threads
  Isolation isolation = Isolation::kSandbox;
};

struct SandboxedRun {
  std::string output;            // stdout; stderr is dropped
  std::optional<int> exit_code;  // nothing when it was killed
  bool timed_out = false, too_much_output = false;
};

// Why nothing can be run in isolation here, in one line that says what to do; "" when it can. Tried once.
const std::string& sandbox_obstacle();

// Where the folder `reading` appears to the command.
inline constexpr const char* kSandboxReading = "/reading";

// Runs a command by its absolute path with `input` as its stdin, and returns once it and all that it started are gone.
// It may read the folder `reading` besides the system's, if one is named. Throws EnvironmentError where there is an
// obstacle to the isolation that is asked for.
SandboxedRun run_sandboxed(const std::vector<std::string>& command, const std::string& input,
                           const SandboxLimits& limits = {}, const std::filesystem::path& reading = {});

}  // namespace freeact
