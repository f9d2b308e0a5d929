#include <ATen/ATen.h>

#include "app/methods.h"
#include "app/verbs.h"
#include "run/cell_file.h"
#include "run/runner.h"

namespace freeact {

void add_examples(CLI::App& verb, const std::string& examples) {
  verb.footer("Examples:\n" + examples);
}

std::string default_database() {
  return (Project::find().results() / "results.db").string();
}

Verb add_run(CLI::App& app) {
  auto* verb = app.add_subcommand("run", "Run an experiment, or a sweep; finished cells are skipped");
  auto request = std::make_shared<RunRequest>();
  auto database = std::make_shared<std::string>();
  auto jobs = std::make_shared<int>(0);
  auto* experiment = verb->add_option("experiment", request->experiment, "File below experiments/, without .yaml");
  verb->add_option("overrides", request->overrides, "group=choice or dotted.key=value");
  verb->add_option("--db", *database, "Result database (default: results/local/results.db)");
  verb->add_option("--jobs", *jobs, "Cells at a time, fewer where memory is short: launcher.workers")
      ->check(CLI::PositiveNumber);
  verb->add_flag("--multirun", request->multirun, "Sweep over values given as lists: method=rtn,freeact seed=1,2,3");
  verb->add_flag("--dry-run", request->dry_run, "Show the resolved experiment and its cells, run nothing");
  verb->add_flag("--force", request->force, "Run finished cells again and replace their rows");
  verb->add_flag("--json", request->json, "A JSON line per finished or failed cell on stdout");
  verb->add_flag("--quiet", request->quiet, "No plan, no progress and no table of results");
  // For the tasks of launcher=slurm; no interface to users.
  auto cells = std::make_shared<std::string>();
  verb->add_option("--cells", *cells)->group("")->excludes(experiment);
  add_examples(*verb,
               "  freeact run quickstart\n"
               "  freeact run quickstart method=freeact quant=w4a4 seed=1\n"
               "  freeact run quickstart method.epochs=30 method=flatquant --db trial.db\n"
               "  freeact run smoke --jobs 8\n"
               "  freeact run smoke launcher=slurm launcher.partition=gpu launcher.time=04:00:00 launcher.memory=16G");
  return [request, database, jobs, cells] {
    request->cell_file = *cells;
    if (request->experiment.empty() && request->cell_file.empty())
      throw UserError("run what? give an EXPERIMENT; 'freeact list experiments' shows what there is");
    if (*jobs > 0) request->overrides.push_back(fmt::format("launcher.workers={}", *jobs));
    const Project project = Project::find();
    request->database = !database->empty()           ? *database
                        : request->cell_file.empty() ? default_database()
                                                     : read_cell_file(request->cell_file).database;
    run_experiment(*request, project, method_table());
  };
}

}  // namespace freeact
