#include "report/backends.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "report/config_lines.h"
#include "report/format.h"

namespace freeact {
namespace {

bool is_below(const std::string& path, const std::string& key) {
  return path == key || path.starts_with(key + '.');
}

// All that determines a run but its backend.
std::string cell_of(const Run& run) {
  std::string cell = run.record.experiment + '\n' + run.record.checkpoint_hash + '\n';
  for (const auto& line : config_lines(run.record.resolved_config))
    if (!is_below(line.path, "backend") && !is_below(line.path, "launcher")) cell += line.text + '\n';
  return cell;
}

// "W4A4", the method as its setting's table calls it, the backend.
using RowKey = std::tuple<std::string, std::string, std::string>;

std::string label_in(const std::vector<Setting>& settings, const Run* run) {
  for (const auto& setting : settings)
    for (const auto& arm : setting.arms)
      if (std::find(arm.runs.begin(), arm.runs.end(), run) != arm.runs.end()) return arm.label;
  return method_label(run->record.method);
}

struct Agreement {
  size_t same = 0, all = 0;
};

// Of all tasks, one after the other.
std::vector<size_t> answers_of(const Run& run) {
  std::vector<size_t> answers;
  for (const auto& task : run.tasks) answers.insert(answers.end(), task.answers.begin(), task.answers.end());
  return answers;
}

Agreement agreement(const std::vector<BackendTwins>& group) {
  Agreement total;
  for (const auto& twins : group) {
    const auto simulated = answers_of(*twins.simulated), integer = answers_of(*twins.integer);
    const size_t items = std::min(simulated.size(), integer.size());
    for (size_t i = 0; i < items; ++i) total.same += simulated[i] == integer[i] ? 1 : 0;
    total.all += std::max(simulated.size(), integer.size());
  }
  return total;
}

// The largest change of any number that a whole task got, and its unit: "0.0003 nats".
std::string largest_change(const std::vector<BackendTwins>& group) {
  std::map<std::string, double> by_unit;
  for (const auto& [simulated, integer] : group)
    for (const auto& a : simulated->record.metrics)
      for (const auto& b : integer->record.metrics)
        if (a.group.empty() && std::tie(a.task, a.name, a.group) == std::tie(b.task, b.name, b.group))
          by_unit[a.unit] = std::max(by_unit[a.unit], std::abs(a.value - b.value));
  std::string text;
  for (const auto& [unit, change] : by_unit)
    text += (text.empty() ? "" : ", ") + fmt::format("{:.2g} {}", change, difference_unit(unit));
  return text.empty() ? std::string(kMissing) : text;
}

std::vector<TableCell> make_row(const RowKey& key, const std::vector<BackendTwins>& group) {
  const auto& [bits, method, backend] = key;
  double simulated_s = 0, integer_s = 0;
  std::vector<double> logs;
  std::vector<int64_t> runs;
  for (const auto& [simulated, integer] : group) {
    simulated_s += simulated->record.evaluation_s;
    integer_s += integer->record.evaluation_s;
    logs.push_back(std::log(simulated->record.evaluation_s / integer->record.evaluation_s));
    runs.insert(runs.end(), {simulated->id, integer->id});
  }
  const Agreement answers = agreement(group);
  const Interval faster = t_interval(logs);
  TableCell links;
  links.runs = std::move(runs);
  return {text_cell(method, bits),
          text_cell(backend),
          text_cell(fmt::format("{}", group.size())),
          text_cell(fmt::format("{} of {}", answers.same, answers.all)),
          text_cell(largest_change(group)),
          text_cell(fmt::format("{:.1f} s", simulated_s / static_cast<double>(group.size()))),
          text_cell(fmt::format("{:.1f} s", integer_s / static_cast<double>(group.size()))),
          text_cell(fmt::format("× {:.2f}", std::exp(faster.centre)),
                    faster.known() ? fmt::format("{:.2f} to {:.2f}", std::exp(faster.low), std::exp(faster.high))
                                   : "one seed"),
          links};
}

}  // namespace

std::string backend_of(const Run& run) {
  for (const auto& line : config_lines(run.record.resolved_config))
    if (line.path == "backend.name") return line.value;
  return kSimulatedBackend;
}

std::vector<BackendTwins> backend_twins(const std::vector<Run>& runs) {
  std::map<std::string, std::map<std::string, const Run*>> cells;  // by backend; later runs replace earlier ones
  for (const auto& run : runs) cells[cell_of(run)][backend_of(run)] = &run;
  std::vector<BackendTwins> twins;
  for (const auto& [cell, by_backend] : cells) {
    const auto simulated = by_backend.find(kSimulatedBackend);
    if (simulated == by_backend.end()) continue;
    for (const auto& [backend, run] : by_backend)
      if (backend != kSimulatedBackend) twins.push_back({simulated->second, run});
  }
  return twins;
}

std::optional<Table> backend_table(const std::vector<Run>& runs, const std::vector<Setting>& settings) {
  std::map<RowKey, std::vector<BackendTwins>> rows;
  for (const auto& twins : backend_twins(runs)) {
    const RunRecord& record = twins.simulated->record;
    if (record.method != "none")
      rows[{record.bits, label_in(settings, twins.simulated), backend_of(*twins.integer)}].push_back(twins);
  }
  if (rows.empty()) return std::nullopt;
  Table table{.name = "backends",
              .title = "Integer arithmetic against simulated",
              .caption =
                  "The same cells, evaluated with floats on the integer grid (simulated) and with integers. Same "
                  "answers: items answered alike to the character. Largest change: of any task's number. Times are "
                  "those of the evaluation on the machine that ran it, simulated over integer, geometric mean "
                  "over seeds; cells that ran side by side slow each other down.",
              .columns = {"Method", "Backend", "Seeds", "Same answers", "Largest change", "Simulated", "Integers",
                          "Faster", "Runs"},
              .rows = {},
              .num_text_columns = 2};
  for (const auto& [key, group] : rows) table.rows.push_back(make_row(key, group));
  return table;
}

}  // namespace freeact
