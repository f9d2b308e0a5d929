#include "sandbox/sandbox.h"

#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "sandbox/child_process.h"
#include "util/error.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBubblewrap = "/usr/bin/bwrap";
constexpr const char* kScratch = "/scratch";
constexpr uid_t kNobody = 65534;

bool limit(decltype(RLIMIT_AS) resource, int64_t value) {
  const rlimit both = {static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  return setrlimit(resource, &both) == 0;
}

// Root is above the limit of processes, so that it becomes nobody.
bool leave_root() {
  return geteuid() != 0 || (setgroups(0, nullptr) == 0 && setgid(kNobody) == 0 && setuid(kNobody) == 0);
}

// bubblewrap's own start takes processes too, so that their limit is set behind it, by prlimit.
bool set_limits(const SandboxLimits& limits) {
  return leave_root() && limit(RLIMIT_AS, limits.memory_bytes) && limit(RLIMIT_CORE, 0) &&
         limit(RLIMIT_FSIZE, limits.scratch_bytes) && limit(RLIMIT_CPU, static_cast<int64_t>(limits.wall_s) + 1);
}

// The system's folders of programs and libraries, read-only; links such as /lib -> usr/lib as links.
void add_system_folders(std::vector<std::string>& arguments) {
  for (const char* folder : {"/usr", "/bin", "/sbin", "/lib", "/lib64"}) {
    if (fs::is_symlink(folder))
      arguments.insert(arguments.end(), {"--symlink", fs::read_symlink(folder).string(), folder});
    else if (fs::is_directory(folder))
      arguments.insert(arguments.end(), {"--ro-bind", folder, folder});
  }
}

std::vector<std::string> isolated(const std::vector<std::string>& command, const SandboxLimits& limits) {
  std::vector<std::string> arguments = {kBubblewrap,
                                        "--unshare-user",
                                        "--unshare-all",
                                        "--die-with-parent",
                                        "--new-session",
                                        "--cap-drop",
                                        "ALL",
                                        "--clearenv",
                                        "--setenv",
                                        "HOME",
                                        kScratch,
                                        "--setenv",
                                        "PATH",
                                        "/usr/bin:/bin",
                                        "--setenv",
                                        "LC_ALL",
                                        "C.UTF-8",
                                        "--proc",
                                        "/proc",
                                        "--dev",
                                        "/dev",
                                        "--size",
                                        std::to_string(limits.scratch_bytes),
                                        "--tmpfs",
                                        kScratch,
                                        "--chdir",
                                        kScratch};
  add_system_folders(arguments);
  arguments.insert(arguments.end(), {"--", "/usr/bin/prlimit", "--nproc=" + std::to_string(limits.processes)});
  arguments.insert(arguments.end(), command.begin(), command.end());
  return arguments;
}

SandboxedRun run_isolated(const std::vector<std::string>& command, const std::string& input,
                          const SandboxLimits& limits) {
  const ChildOutcome outcome = run_child(isolated(command, limits), input, {limits.wall_s, limits.output_bytes},
                                         [&limits] { return set_limits(limits); });
  return {outcome.output, outcome.exit_code, outcome.timed_out, outcome.too_much_output};
}

std::string find_obstacle() {
  if (!fs::exists(kBubblewrap))
    return "code of models runs in a sandbox, but bubblewrap is missing: apt-get install bubblewrap";
  const SandboxedRun probe = run_isolated({"/usr/bin/echo", "inside"}, "", {});
  if (probe.exit_code == 0 && probe.output == "inside\n") return "";
  return "code of models runs in a sandbox, but bubblewrap cannot make one here: allow user namespaces "
         "(sysctl kernel.unprivileged_userns_clone=1), or outside of a container that forbids them";
}

}  // namespace

const std::string& sandbox_obstacle() {
  static const std::string obstacle = find_obstacle();
  return obstacle;
}

SandboxedRun run_sandboxed(const std::vector<std::string>& command, const std::string& input,
                           const SandboxLimits& limits) {
  if (!sandbox_obstacle().empty()) throw EnvironmentError(sandbox_obstacle());
  return run_isolated(command, input, limits);
}

}  // namespace freeact
