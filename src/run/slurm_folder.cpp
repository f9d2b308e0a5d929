#include "run/slurm_folder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "run/cell_file.h"
#include "util/files.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTask = "task-", kExitCode = "exit code ", kProgram = "freeact: ";

// The number in "task-12.yaml" or "12"; -1 where there is none.
int number_in(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return -1;
  name = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  int number = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : -1;
}

// The numbers of a folder's entries so named, largest first.
std::vector<int> numbers_in(const fs::path& folder, std::string_view prefix, std::string_view suffix) {
  std::vector<int> numbers;
  std::error_code ignored;  // no such folder: nothing in it
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (const int number = number_in(entry.path().filename().string(), prefix, suffix); number >= 0)
      numbers.push_back(number);
  std::ranges::sort(numbers, std::greater<>());
  return numbers;
}

fs::path task_file(const fs::path& folder, int index) {
  return folder / fmt::format("{}{}.yaml", kTask, index);
}

SlurmTask read_task(const fs::path& folder, int index) {
  const CellFile file = read_cell_file(task_file(folder, index));
  SlurmTask task{.folder = folder, .index = index, .database = file.database, .keys = {}};
  for (const auto& cell : file.cells) task.keys.push_back(cell.key);
  return task;
}

// Takes the last line that says something off the text.
std::string take_last_line(std::string& text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  const size_t begin = text.rfind('\n') + 1;
  std::string line = text.substr(begin);
  text.erase(begin);
  return line;
}

// The program's documented codes are its word on whose fault it was; whatever else ended it is none of ours.
ExitCode code_of(std::string_view line) {
  for (const ExitCode code : {ExitCode::kUserInput, ExitCode::kDefect})
    if (line == fmt::format("{}{}", kExitCode, static_cast<int>(code))) return code;
  return ExitCode::kEnvironment;
}

}  // namespace

std::vector<std::vector<Job>> parts_of_jobs(const std::vector<Job>& jobs, size_t most_calibrations) {
  std::vector<std::vector<Job>> parts;
  std::map<std::string, size_t> numbers;  // of the calibrations, in order of their first job
  for (const Job& job : jobs) {
    const size_t number = numbers.emplace(job.keys.calibration, numbers.size()).first->second;
    parts.resize(std::max(parts.size(), number / most_calibrations + 1));
    parts[number / most_calibrations].push_back(job);
  }
  return parts;
}

std::string SlurmTask::job_name() const {
  return "freeact-" + sha256(folder.string()).substr(0, 12);
}

fs::path SlurmTask::log() const {
  return folder / fmt::format("{}{}.log", kTask, index);
}

Fault SlurmTask::fault() const {
  std::string text = fs::exists(log()) ? read_file(log()) : "";
  std::string line = take_last_line(text);
  const ExitCode code = code_of(line);
  if (line.starts_with(kExitCode)) line = take_last_line(text);
  if (line.starts_with(kProgram)) line.erase(0, kProgram.size());
  return {code, fmt::format("{} (log: {})", line.empty() ? "the task ended without a word" : line, log().string())};
}

SlurmFolder::SlurmFolder(const fs::path& database)
    : root_(fs::weakly_canonical(fs::absolute(database)).string() + ".slurm") {}

std::vector<SlurmTask> SlurmFolder::tasks() const {
  std::vector<SlurmTask> tasks;
  for (const int submission : numbers_in(root_, "", "")) {
    const fs::path folder = root_ / std::to_string(submission);
    for (const int index : numbers_in(folder, kTask, ".yaml")) tasks.push_back(read_task(folder, index));
  }
  return tasks;
}

std::vector<SlurmTask> SlurmFolder::add(const std::vector<Job>& jobs) const {
  const fs::path folder = new_submission();
  std::vector<CellFile> files;
  std::vector<SlurmTask> tasks;
  for (const Job& job : jobs) {
    const fs::path database = root_ / (job.keys.calibration.substr(0, 16) + ".db");
    auto task = std::ranges::find(tasks, database, &SlurmTask::database);
    if (task == tasks.end()) {
      files.push_back({database.string(), {}});
      task = tasks.insert(task, {folder, static_cast<int>(tasks.size()), database, {}});
    }
    task->keys.push_back(job.keys.result);
    files[static_cast<size_t>(task->index)].cells.push_back({job.keys.result, job.label, job.choices, job.planned});
  }
  for (const SlurmTask& task : tasks)
    write_cell_file(task_file(folder, task.index), files[static_cast<size_t>(task.index)]);
  return tasks;
}

// Another call may be at it.
fs::path SlurmFolder::new_submission() const {
  std::error_code error;
  fs::create_directories(root_, error);
  const std::vector<int> numbers = numbers_in(root_, "", "");
  for (int number = numbers.empty() ? 1 : numbers.front() + 1; !error; ++number)
    if (const fs::path folder = root_ / std::to_string(number); fs::create_directory(folder, error)) return folder;
  throw EnvironmentError("cannot make a folder in '{}': {}", root_.string(), error.message());
}

}  // namespace freeact
