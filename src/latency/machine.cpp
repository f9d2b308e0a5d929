#include "latency/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace freeact {
namespace {

constexpr const char* kUnknown = "unknown";

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
  return kUnknown;
}

std::string first_word(const std::string& path) {
  std::string word;
  return std::ifstream(path) >> word ? word : kUnknown;
}

std::string arithmetic_sets(const std::string& flags) {
  static constexpr std::array kSets = {"avx2",     "fma",      "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16",
                                       "avx_vnni", "amx_int8", "asimd",   "asimddp",     "i8mm",        "sve"};
  std::istringstream words(flags);
  std::set<std::string> present;
  for (std::string word; words >> word;) present.insert(word);
  std::string text;
  for (const char* name : kSets)
    if (present.contains(name)) text += (text.empty() ? "" : " ") + std::string(name);
  return text.empty() ? kUnknown : text;
}

std::string clock_of_first_core() {
  const std::string mhz = value_in("/proc/cpuinfo", "cpu MHz", ':');
  const std::string governor = first_word("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  return fmt::format("{} MHz, governor {}", mhz.substr(0, mhz.find('.')), governor);
}

// "2048K", "260M"; 0 when it is neither.
int64_t bytes_of(const std::string& size) {
  std::istringstream text(size);
  int64_t number = 0;
  char unit = ' ';
  text >> number >> unit;
  if (unit == 'K') return number << 10;
  return unit == 'M' ? number << 20 : 0;
}

}  // namespace

Machine describe_machine() {
  std::string flags = value_in("/proc/cpuinfo", "flags", ':');
  if (flags == kUnknown) flags = value_in("/proc/cpuinfo", "Features", ':');  // as ARM calls them
  return {value_in("/proc/cpuinfo", "model name", ':'), static_cast<int>(std::thread::hardware_concurrency()),
          arithmetic_sets(flags), clock_of_first_core(), value_in("/etc/os-release", "PRETTY_NAME", '=')};
}

std::string machine_line(const Machine& machine, int threads_per_run) {
  return fmt::format("{}, {} cores, {} thread{} per run, {}{}{}", machine.cpu, machine.cores, threads_per_run,
                     threads_per_run == 1 ? "" : "s", machine.operating_system, machine.accelerator.empty() ? "" : ", ",
                     machine.accelerator);
}

int64_t last_level_cache_bytes() {
  int64_t largest = 0;
  for (int index = 0; index < 8; ++index)
    largest =
        std::max(largest, bytes_of(first_word(fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/size", index))));
  return largest;
}

}  // namespace freeact
