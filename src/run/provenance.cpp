#include "run/provenance.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>

#include "latency/machine.h"
#include "util/error.h"
#include "util/shell.h"

#ifndef FREEACT_VERSION
#define FREEACT_VERSION "0"
#endif

namespace freeact {
namespace {

// First line of a command's output; "" when it fails.
std::string first_line(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  char buffer[256] = "";
  if (!pipe || !std::fgets(buffer, sizeof buffer, pipe.get())) return "";
  std::string line = buffer;
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

}  // namespace

std::string source_version(const std::filesystem::path& root) {
  if (!std::filesystem::exists(root / ".git")) return FREEACT_VERSION;  // another project's repository may be around it
  const std::string git = "git -C " + shell_quoted(root.string()) + " ";
  const std::string commit = first_line(git + "rev-parse --short HEAD 2>/dev/null");
  if (commit.empty()) return FREEACT_VERSION;
  const bool modified =
      !first_line(git + "status --porcelain -- src baselines CMakeLists.txt cmake 2>/dev/null").empty();
  return fmt::format("{} ({}{})", FREEACT_VERSION, commit, modified ? ", modified" : "");
}

std::string machine_line(int threads_per_run) {
  return machine_line(describe_machine(), threads_per_run);
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace freeact
