#include "run/task_data.h"

#include <fmt/ranges.h>

#include <set>

#include "eval/benchmark_settings.h"
#include "run/external.h"
#include "util/error.h"

namespace freeact {
namespace {

std::set<std::string> data_of(const std::vector<EvalTaskSettings>& tasks, const Project& project) {
  std::set<std::string> names;
  for (const EvalTaskSettings& task : tasks)
    if (task.kind == "benchmark")
      for (const std::string& name : imported_data(benchmark_of(task, project.datasets()), item_request(task)))
        names.insert(name);
  return names;
}

}  // namespace

void require_task_data(const std::vector<EvalTaskSettings>& tasks, const Project& project) {
  const std::set<std::string> names = data_of(tasks, project);
  if (names.empty()) return;
  const auto externals = list_externals(project);
  std::vector<std::string> commands;
  for (const std::string& name : names)
    if (const External& external = find_external(externals, name); !std::filesystem::exists(external.found()))
      commands.push_back(fmt::format("`{}`", external.command()));
  if (!commands.empty())
    throw EnvironmentError(
        "data of the tasks are not here: run {} (`freeact data list` says where the files are published), or take ten "
        "items of our own for a trial with task.items=sample",
        fmt::join(commands, ", "));
}

}  // namespace freeact
