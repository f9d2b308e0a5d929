#include "report/report.h"

#include <ATen/ATen.h>

#include "app/verbs.h"
#include "report/describe.h"
#include "run/project.h"
#include "store/record_json.h"
#include "store/store.h"

namespace freeact {
namespace {

// Of the project; a database elsewhere makes a report without one too, which then shows nothing published.
std::filesystem::path default_published() {
  try {
    return Project::find().root / "results" / "paper";
  } catch (const EnvironmentError&) {
    return {};
  }
}

}  // namespace

Verb add_report(CLI::App& app) {
  auto* verb = app.add_subcommand("report", "Tables and plots of what is in the store: HTML, Markdown, LaTeX, CSV");
  auto options = std::make_shared<ReportOptions>();
  auto database = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  auto published = std::make_shared<std::string>();
  auto quiet = std::make_shared<bool>(false);
  verb->add_option("--db", *database, "Result database (default: results/local/results.db)");
  verb->add_option("--published", *published, "Folder of published scores to show beside ours (default: results/paper)")
      ->check(CLI::ExistingDirectory);
  verb->add_option("--out", *out, "Folder to write to (default: beside the database, report/)");
  verb->add_option("--experiment", options->experiment, "Only this experiment");
  verb->add_flag("--quiet", *quiet, "Do not say where the report is");
  add_examples(*verb, "  freeact report\n  freeact report --db trial.db --out trial-report");
  return [options, database, published, out, quiet] {
    const std::filesystem::path path = database->empty() ? default_database() : *database;
    options->out_dir = out->empty() ? path.parent_path() / "report" : std::filesystem::path(*out);
    options->published = published->empty() ? default_published() : std::filesystem::path(*published);
    write_report(Store::open_for_reading(path), *options);
    if (!*quiet) fmt::print(stderr, "report: {}\n", (options->out_dir / "report.html").string());
  };
}

Verb add_show(CLI::App& app) {
  auto* verb = app.add_subcommand("show", "Everything about one run");
  auto database = std::make_shared<std::string>(), reference = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  verb->add_option("run", *reference, "Number of the run, or the beginning of its key")->required();
  verb->add_option("--db", *database, "Result database (default: results/local/results.db)");
  verb->add_flag("--json", *json, "As one JSON line");
  add_examples(*verb, "  freeact list runs\n  freeact show 3\n  freeact show 8f21c0 --json");
  return [database, reference, json] {
    const Store store = Store::open_for_reading(database->empty() ? default_database() : *database);
    const auto id = store.find(*reference);
    if (!id)
      throw UserError("no run '{}' in {}: freeact list runs shows what there is", *reference, store.path().string());
    const RunRecord run = store.load(*id);
    fmt::print("{}", *json ? record_json(run).dump() + "\n" : describe_run(run));
  };
}

}  // namespace freeact
