#include "run/slurm_queue.h"

#include <fmt/ranges.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <sstream>

#include "util/error.h"
#include "util/shell.h"

namespace freeact {
namespace {

constexpr int kNoSuchCommand = 127;
constexpr size_t kUsualArray = 1001;  // Slurm's own default

// What the command says on both channels. Throws EnvironmentError unless it succeeds.
std::string output_of(const std::vector<std::string>& command) {
  std::string line;
  for (const auto& word : command) line += shell_quoted(word) + " ";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((line + "2>&1 </dev/null").c_str(), "r"), pclose);
  if (!pipe) throw EnvironmentError("cannot start '{}'", command.front());
  std::string said;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) said += static_cast<char>(c);
  const int status = pclose(pipe.release());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return said;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSuchCommand)
    throw EnvironmentError(
        "no '{}' on this machine: launcher=slurm needs Slurm's commands; run it where these are, or with "
        "launcher=local",
        command.front());
  while (said.ends_with('\n')) said.pop_back();
  throw EnvironmentError("{} failed: {}", command.front(), said.empty() ? "it says nothing" : said);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

}  // namespace

// Indices count from 0 and stay below MaxArraySize.
size_t largest_array() {
  std::string said;
  try {
    said = output_of({"scontrol", "show", "config"});
  } catch (const EnvironmentError&) {  // some sites keep it from users
    return kUsualArray;
  }
  for (const auto& line : split(said, '\n')) {
    const size_t number = line.find_first_of("0123456789");
    size_t size = 0;
    if (!line.starts_with("MaxArraySize") || number == std::string::npos) continue;
    std::from_chars(line.data() + number, line.data() + line.size(), size);
    return std::max<size_t>(size, 1);
  }
  return kUsualArray;
}

std::string submit_array(const std::filesystem::path& script) {
  // Warnings may come before "ID" or "ID;CLUSTER".
  const std::vector<std::string> lines = split(output_of({"sbatch", "--parsable", script.string()}), '\n');
  if (lines.empty()) throw EnvironmentError("sbatch named no job: see squeue");
  return lines.back().substr(0, lines.back().find(';'));
}

std::vector<QueuedTask> queued_tasks(const std::vector<std::string>& job_names) {
  std::vector<QueuedTask> tasks;
  if (job_names.empty()) return tasks;
  const std::string said = output_of(
      {"squeue", "--noheader", "--array", "--format=%j|%K|%T|%r", fmt::format("--name={}", fmt::join(job_names, ","))});
  for (const auto& line : split(said, '\n')) {
    const std::vector<std::string> columns = split(line, '|');
    if (columns.size() != 4) continue;  // a warning
    QueuedTask task{.job_name = columns[0], .index = 0, .state = columns[2], .reason = columns[3]};
    const std::string& index = columns[1];
    if (std::from_chars(index.data(), index.data() + index.size(), task.index).ec == std::errc())
      tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace freeact
