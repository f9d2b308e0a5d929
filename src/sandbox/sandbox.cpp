#include "sandbox/sandbox.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include "sandbox/child_process.h"
#include "util/error.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBubblewrap = "/usr/bin/bwrap";
constexpr const char* kScratch = "/scratch";
constexpr const char* kNobody = "65534";

bool limit(decltype(RLIMIT_AS) resource, int64_t value) {
  const rlimit both = {static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  return setrlimit(resource, &both) == 0;
}

// bubblewrap's own start takes processes too, so that their limit is set behind it, by prlimit.
bool set_limits(const SandboxLimits& limits) {
  return limit(RLIMIT_AS, limits.memory_bytes) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, limits.scratch_bytes) &&
         limit(RLIMIT_CPU, static_cast<int64_t>(limits.wall_s) + 1);
}

using Arguments = std::vector<std::string>;

void append(Arguments& arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
}

// The system's folders of programs and libraries, read-only; links such as /lib -> usr/lib as links.
void add_system_folders(Arguments& arguments) {
  for (const char* folder : {"/usr", "/bin", "/sbin", "/lib", "/lib64"}) {
    if (fs::is_symlink(folder))
      append(arguments, {"--symlink", fs::read_symlink(folder).string(), folder});
    else if (fs::is_directory(folder))
      append(arguments, {"--ro-bind", folder, folder});
  }
}

// Root keeps what it takes to become nobody inside: the limit of processes does not hold for root, not even in a user
// namespace of its own. Others get such a namespace.
void add_privileges(Arguments& arguments, bool root) {
  if (root)
    append(arguments, {"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"});
  else
    append(arguments, {"--unshare-user", "--cap-drop", "ALL"});
}

Arguments isolated(const Arguments& command, const fs::path& reading, const SandboxLimits& limits) {
  const bool root = geteuid() == 0;
  Arguments arguments = {kBubblewrap,     "--unshare-pid",     "--unshare-net",        "--unshare-ipc",
                         "--unshare-uts", "--die-with-parent", "--unshare-cgroup-try", "--new-session"};
  add_privileges(arguments, root);
  append(arguments, {"--clearenv", "--setenv", "HOME",          kScratch,
                     "--setenv",   "PATH",     "/usr/bin:/bin", "--setenv",
                     "LC_ALL",     "C.UTF-8",  "--proc",        "/proc",
                     "--dev",      "/dev",     "--size",        std::to_string(limits.scratch_bytes),
                     "--perms",    "1777",     "--tmpfs",       kScratch,
                     "--chdir",    kScratch});
  add_system_folders(arguments);
  if (!reading.empty()) append(arguments, {"--ro-bind", reading.string(), kSandboxReading});
  arguments.push_back("--");
  if (root) append(arguments, {"/usr/bin/setpriv", "--reuid", kNobody, "--regid", kNobody, "--clear-groups"});
  append(arguments, {"/usr/bin/prlimit", "--nproc=" + std::to_string(limits.processes)});
  append(arguments, command);
  return arguments;
}

SandboxedRun run_limited(const Arguments& command, const std::string& input, const SandboxLimits& limits) {
  const ChildOutcome outcome =
      run_child(command, input, {limits.wall_s, limits.output_bytes}, [&limits] { return set_limits(limits); });
  return {outcome.output, outcome.exit_code, outcome.timed_out, outcome.too_much_output};
}

SandboxedRun run_isolated(const Arguments& command, const std::string& input, const fs::path& reading,
                          const SandboxLimits& limits) {
  return run_limited(isolated(command, reading, limits), input, limits);
}

// In a folder of its own that goes with it, and as nobody where root asks.
SandboxedRun run_in_the_open(const Arguments& command, const std::string& input, const SandboxLimits& limits) {
  std::string scratch = (fs::temp_directory_path() / "freeact-XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr) throw EnvironmentError("cannot make a folder in '{}'", scratch);
  fs::permissions(scratch, fs::perms::all);
  Arguments arguments = {"/usr/bin/env", "-i", "-C", scratch, "PATH=/usr/bin:/bin", "HOME=" + scratch};
  if (geteuid() == 0) append(arguments, {"/usr/bin/setpriv", "--reuid", kNobody, "--regid", kNobody, "--clear-groups"});
  append(arguments, command);
  const SandboxedRun run = run_limited(arguments, input, limits);
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  return run;
}

std::string find_obstacle() {
  if (!fs::exists(kBubblewrap))
    return "code of models runs in a sandbox, but bubblewrap is missing: apt-get install bubblewrap";
  const SandboxedRun probe = run_isolated({"/usr/bin/echo", "inside"}, "", {}, {});
  if (probe.exit_code == 0 && probe.output == "inside\n") return "";
  return "code of models runs in a sandbox, but bubblewrap cannot make one here: allow user namespaces "
         "(sysctl kernel.unprivileged_userns_clone=1), or outside of a container that forbids them";
}

}  // namespace

const std::string& sandbox_obstacle() {
  static const std::string obstacle = find_obstacle();
  return obstacle;
}

SandboxedRun run_sandboxed(const Arguments& command, const std::string& input, const SandboxLimits& limits,
                           const fs::path& reading) {
  if (limits.isolation == Isolation::kLimitsAlone) return run_in_the_open(command, input, limits);
  if (!sandbox_obstacle().empty()) throw EnvironmentError(sandbox_obstacle());
  return run_isolated(command, input, reading, limits);
}

}  // namespace freeact
