#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <fstream>
#include <iostream>

#include "app/listing.h"
#include "app/methods.h"
#include "app/verbs.h"
#include "config/composer.h"
#include "run/project.h"
#include "scoring/scorer.h"
#include "store/store.h"
#include "task/task.h"
#include "util/suggest.h"

namespace freeact {
namespace {

// What the first line of a choice's file says, where it is a comment.
std::string heading_of(const std::filesystem::path& file) {
  std::string line;
  std::ifstream text(file);
  std::getline(text, line);
  return line.starts_with("# ") ? line.substr(2) : "";
}

std::vector<Listed> group_rows(const std::string& group) {
  const auto folder = Project::find().experiments();
  std::vector<Listed> rows;
  for (const auto& name : list_group(folder, group))
    rows.push_back({name, heading_of(folder / group / (name + ".yaml"))});
  return rows;
}

std::vector<Listed> benchmark_rows() {
  const auto datasets = Project::find().datasets();
  std::vector<Listed> rows;
  for (const auto& name : list_benchmark_tasks(datasets)) {
    const BenchmarkTask task = read_benchmark_task(datasets, name);
    rows.push_back({name, fmt::format("{}; {}", task.about, fmt::join(task.scorers, ", "))});
  }
  return rows;
}

std::vector<Listed> scorer_rows() {
  std::vector<Listed> rows;
  for (const Scorer& scorer : scorers()) rows.push_back({scorer.name, scorer.about});
  return rows;
}

std::vector<Listed> method_rows() {
  std::vector<Listed> rows = {{"none", "the 16-bit model as it is"},
                              {"saved", "what `freeact quantize` saved in model.path"}};
  for (const auto& entry : method_table()) rows.push_back({entry.name, entry.title + ": " + entry.summary});
  return rows;
}

std::vector<Listed> experiment_rows() {
  std::vector<Listed> rows;
  for (const auto& info : list_experiments(Project::find().experiments()))
    rows.push_back({info.name, info.description});
  return rows;
}

std::vector<Listed> run_rows(const std::string& database) {
  std::vector<Listed> rows;
  for (const auto& run : Store::open_for_reading(database).runs())
    rows.push_back({std::to_string(run.id),
                    fmt::format("{}  {:<12} {:<12} {:<7} seed {}  {}  {}", run.key.substr(0, 8), run.experiment,
                                run.method, run.bits, run.seed, run.model, run.started_at)});
  return rows;
}

}  // namespace

std::vector<std::string> list_kinds() {
  return {"models", "methods", "tasks", "benchmarks", "scorers", "experiments", "runs"};
}

std::vector<Listed> list_of(const std::string& kind, const std::string& database) {
  if (kind == "models") return group_rows("model");
  if (kind == "tasks") return group_rows("task");
  if (kind == "benchmarks") return benchmark_rows();
  if (kind == "scorers") return scorer_rows();
  if (kind == "methods") return method_rows();
  if (kind == "experiments") return experiment_rows();
  if (kind == "runs") return run_rows(database);
  throw UserError(unknown_name("list", kind, list_kinds()));
}

Verb add_list(CLI::App& app) {
  auto* verb =
      app.add_subcommand("list", "What there is: models, methods, tasks, benchmarks, scorers, experiments, runs");
  auto what = std::make_shared<std::string>(), database = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  verb->add_option("what", *what, "models, methods, tasks, benchmarks, scorers, experiments or runs")->required();
  verb->add_option("--db", *database, "Result database, for runs (default: results/local/results.db)");
  verb->add_flag("--json", *json, "JSON lines");
  add_examples(*verb, "  freeact list methods\n  freeact list runs --db trial.db");
  return [what, database, json] {
    const std::string path = *what == "runs" && database->empty() ? default_database() : *database;
    for (const auto& row : list_of(*what, path)) {
      if (*json)
        std::cout << Json{{"name", row.name}, {"text", row.text}}.dump() << "\n";
      else
        fmt::print("{:<20}{}{}\n", row.name, row.text.empty() ? "" : "  ", row.text);
    }
  };
}

}  // namespace freeact
