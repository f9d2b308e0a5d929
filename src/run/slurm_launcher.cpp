#include "run/slurm_launcher.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <thread>

#include "run/slurm_script.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr double kPatience_s = 600;  // with a Slurm that does not answer
constexpr int kAbsences = 2;  // in a row, until a task without results counts as ended: it may be about to be requeued

// What the program reads, for sites whose jobs do not inherit it.
std::vector<std::pair<std::string, std::string>> task_environment(const Project& project) {
  std::vector<std::pair<std::string, std::string>> environment = {{"FREEACT_HOME", project.root.string()}};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    if (name != "FREEACT_HOME" && (name.starts_with("FREEACT_") || name == "XDG_CACHE_HOME"))
      environment.emplace_back(name, text.substr(std::min(text.size(), name.size() + 1)));
  }
  return environment;
}

fs::path this_program() {
  return fs::read_symlink("/proc/self/exe");
}

const QueuedTask* find_in(const std::vector<QueuedTask>& queue, const SlurmTask& task) {
  const std::string name = task.job_name();
  const auto found = std::ranges::find_if(
      queue, [&](const QueuedTask& queued) { return queued.index == task.index && queued.job_name == name; });
  return found == queue.end() ? nullptr : &*found;
}

std::vector<std::string> names_of(const std::vector<SlurmTask>& tasks) {
  std::set<std::string> names;
  for (const auto& task : tasks) names.insert(task.job_name());
  return {names.begin(), names.end()};
}

const Job* find_job(const std::vector<Job>& jobs, const std::string& key) {
  const auto found = std::ranges::find_if(jobs, [&](const Job& job) { return job.keys.result == key; });
  return found == jobs.end() ? nullptr : &*found;
}

// Of its cells that the task has finished.
std::vector<RunRecord> results_of(const SlurmTask& task) {
  std::vector<RunRecord> records;
  if (!fs::exists(task.database)) return records;
  const Store results = Store::open_for_reading(task.database);
  for (const auto& key : task.keys)
    if (const auto id = results.find(key)) records.push_back(results.load(*id));
  return records;
}

// None, and the fault, where the database is damaged.
std::vector<RunRecord> readable_results(const SlurmTask& task, std::optional<Fault>& fault) {
  try {
    return results_of(task);
  } catch (const Error&) {
    fault = current_fault();
    return {};
  }
}

// "12 running, 3 pending (Resources)"
std::string queue_text(const std::vector<QueuedTask>& queue) {
  std::map<std::string, int> counts;
  for (const auto& task : queue) {
    std::string state = task.state;
    std::ranges::transform(state, state.begin(), [](unsigned char c) { return std::tolower(c); });
    ++counts[state == "pending" ? fmt::format("pending ({})", task.reason) : state];
  }
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts) parts.push_back(fmt::format("{} {}", count, state));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

SlurmLauncher::SlurmLauncher(const RunRequest& request, const LauncherConfig& launcher, const Project& project,
                             Recorder& recorder)
    : request_(request), launcher_(launcher), project_(project), recorder_(recorder), folder_(request.database) {
  if (request.force && !launcher.wait)
    throw UserError("--force needs launcher.wait=true: old rows are replaced when the tasks are through");
}

SlurmLauncher::EarlierTasks SlurmLauncher::earlier_tasks(const std::vector<Job>& open) const {
  std::vector<SlurmTask> tasks = folder_.tasks();
  for (auto& task : tasks)
    std::erase_if(task.keys, [&](const std::string& key) { return find_job(open, key) == nullptr; });
  std::erase_if(tasks, [](const SlurmTask& task) { return task.keys.empty(); });
  const std::vector<QueuedTask> queue = queued_tasks(names_of(tasks));
  EarlierTasks earlier;
  std::set<fs::path> taken;
  for (const auto& task : tasks)
    if (find_in(queue, task) != nullptr && taken.insert(task.database).second) earlier.queued.push_back(task);
  for (const auto& task : tasks)
    if (!taken.contains(task.database)) earlier.idle.push_back(task);
  return earlier;
}

void SlurmLauncher::collect(const std::vector<Job>& open, Store& store) const {
  if (open.empty()) return;
  for (const auto& task : earlier_tasks(open).idle)
    for (const RunRecord& record : results_of(task)) store.add(record);
}

void SlurmLauncher::run(const std::vector<Job>& open) {
  if (open.empty()) return;
  EarlierTasks earlier = earlier_tasks(open);
  if (request_.force)  // a task skips what its database has
    for (const auto& task : earlier.idle) fs::remove(task.database);
  std::vector<Job> rest = open;
  tasks_ = std::move(earlier.queued);
  for (const auto& task : tasks_)
    std::erase_if(rest, [&](const Job& job) { return std::ranges::count(task.keys, job.keys.result) > 0; });
  if (!tasks_.empty()) recorder_.say(fmt::format("{} cells are in the queue already", open.size() - rest.size()));
  if (!rest.empty()) submit(rest);
  const std::string ends = fmt::format("'scancel --name={}' ends them", fmt::join(names_of(tasks_), ","));
  recorder_.leave_word("the tasks go on without this program, the same command takes up what they finish; " + ends);
  if (launcher_.wait) return wait(open);
  recorder_.say(
      fmt::format("not waiting for them: the same command, or 'freeact merge {}/*.db --into {}', takes up what "
                  "they finish; {}",
                  folder_.path().string(), request_.database.string(), ends));
}

// In as many arrays as Slurm's limit asks for. Where the tasks at a time are limited, which Slurm does for each array
// alone, one array waits for the other.
void SlurmLauncher::submit(const std::vector<Job>& jobs) {
  std::string last;
  for (const auto& part : parts_of_jobs(jobs, largest_array()))
    last = submit_array_of(part, launcher_.concurrency > 0 ? last : "");
}

std::string SlurmLauncher::submit_array_of(const std::vector<Job>& jobs, const std::string& after) {
  const std::vector<SlurmTask> tasks = folder_.add(jobs);
  const fs::path folder = tasks.front().folder, script = folder / "array.sh";
  const SlurmArray array = {.job_name = tasks.front().job_name(),
                            .folder = folder,
                            .num_tasks = tasks.size(),
                            .program = this_program(),
                            .environment = task_environment(project_),
                            .after = after};
  std::string id;
  try {
    write_file_atomically(script, batch_script(array, launcher_));
    id = submit_array(script);
    recorder_.say(fmt::format("submitted job array {} of {} tasks, see {}", id, tasks.size(), folder.string()));
  } catch (...) {
    fs::remove_all(folder);
    throw;
  }
  tasks_.insert(tasks_.end(), tasks.begin(), tasks.end());
  return id;
}

// Nothing while Slurm does not answer, as when its controller is started anew.
std::optional<std::vector<QueuedTask>> SlurmLauncher::ask() {
  try {
    auto queue = queued_tasks(names_of(tasks_));
    recorder_.note(queue_text(queue));
    silence_ = Stopwatch();
    return queue;
  } catch (const EnvironmentError& error) {
    if (silence_.seconds() > kPatience_s) throw;
    recorder_.note(error.what());
    return std::nullopt;
  }
}

void SlurmLauncher::wait(const std::vector<Job>& open) {
  const Stopwatch watch;
  while (!tasks_.empty()) {
    const double pause_s = std::clamp(watch.seconds() / 20, 0.5, 15.0);
    std::this_thread::sleep_for(std::chrono::duration<double>(pause_s));
    if (const auto queue = ask()) std::erase_if(tasks_, [&](SlurmTask& task) { return is_over(task, open, *queue); });
  }
}

// A task's database is not looked at before the task has left the queue: on some network file systems a reader takes
// the journal of a writer on another machine for that of a dead one.
bool SlurmLauncher::is_over(SlurmTask& task, const std::vector<Job>& open, const std::vector<QueuedTask>& queue) {
  if (find_in(queue, task) != nullptr) return task.absences = 0, false;
  std::optional<Fault> fault;
  for (const RunRecord& record : readable_results(task, fault)) {
    recorder_.finished(*find_job(open, record.key), record);
    std::erase(task.keys, record.key);
  }
  if (task.keys.empty()) return true;
  if (!fault && ++task.absences < kAbsences) return false;
  for (const auto& key : task.keys) recorder_.failed(*find_job(open, key), fault ? *fault : task.fault());
  return true;
}

}  // namespace freeact
