#include <ATen/ATen.h>

#include "app/methods.h"
#include "app/verbs.h"
#include "run/stream_runner.h"

namespace freeact {

Verb add_stream(CLI::App& app) {
  auto* verb = app.add_subcommand("stream", "Measure what adapting gains when the data of a calibrated model change");
  auto request = std::make_shared<RunRequest>();
  auto database = std::make_shared<std::string>();
  verb->add_option("experiment", request->experiment, "File below experiments/ with a key 'stream', without .yaml")
      ->required();
  verb->add_option("overrides", request->overrides, "group=choice or dotted.key=value");
  verb->add_option("--db", *database, "Result database (default: results/local/results.db)");
  verb->add_flag("--multirun", request->multirun, "Sweep over values given as lists: stream.decay=0.5,0.9 seed=1,2,3");
  verb->add_flag("--dry-run", request->dry_run, "Show the resolved experiment and its streams, run nothing");
  verb->add_flag("--force", request->force, "Run finished streams again and replace their rows");
  verb->add_flag("--json", request->json, "A JSON line per finished stream on stdout: mean errors of every arm");
  verb->add_flag("--quiet", request->quiet, "No plan and no progress");
  add_examples(*verb,
               "  freeact stream stream/puzzle_dllm\n"
               "  freeact stream stream/smollm2_diffusion seed=1 --db trial.db\n"
               "  freeact stream stream/smollm2_diffusion stream.decay=0.9 stream.threshold=0.5 --json");
  return [request, database] {
    const Project project = Project::find();
    request->database = database->empty() ? default_database() : *database;
    run_streams(*request, project, method_table());
  };
}

}  // namespace freeact
