#include "run/provenance.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <thread>

#include "util/error.h"

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

// The value of the first "KEY<separator>VALUE" line of a file.
std::string value_in(const std::string& path, const std::string& key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    std::string value = line.substr(line.find(separator) + 1);
    const auto begin = value.find_first_not_of(" \t\"");
    const auto end = value.find_last_not_of(" \t\"");
    if (begin != std::string::npos) return value.substr(begin, end - begin + 1);
  }
  return "unknown";
}

std::string quoted(const std::string& path) {
  std::string text = "'";
  for (const char c : path) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::string source_version(const std::filesystem::path& root) {
  const std::string git = "git -C " + quoted(root.string()) + " ";
  const std::string commit = first_line(git + "rev-parse --short HEAD 2>/dev/null");
  if (commit.empty()) return FREEACT_VERSION;
  const bool modified =
      !first_line(git + "status --porcelain -- src baselines CMakeLists.txt cmake 2>/dev/null").empty();
  return fmt::format("{} ({}{})", FREEACT_VERSION, commit, modified ? ", modified" : "");
}

std::string machine_line(int threads_per_run) {
  return fmt::format("{}, {} cores, {} thread{} per run, {}", value_in("/proc/cpuinfo", "model name", ':'),
                     std::thread::hardware_concurrency(), threads_per_run, threads_per_run == 1 ? "" : "s",
                     value_in("/etc/os-release", "PRETTY_NAME", '='));
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
