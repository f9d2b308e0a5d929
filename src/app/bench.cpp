#include <ATen/ATen.h>

#include <iostream>
#include <optional>

#include "app/verbs.h"
#include "bench/run.h"
#include "bench/table.h"
#include "run/project.h"
#include "run/provenance.h"
#include "store/store.h"

namespace freeact {
namespace {

struct BenchOptions {
  BenchSettings settings;
  std::string model, database, clock;
  bool list = false, json = false, quiet = false;
};

void list_benchmarks(const std::vector<ChosenGroup>& chosen, bool json) {
  for (const auto& [group, rivals] : chosen)
    for (const auto& rival : rivals) {
      if (json)
        std::cout << Json{{"name", group.name + "/" + rival}, {"about", group.about}}.dump() << "\n";
      else
        fmt::print("{:<46} {}\n", group.name + "/" + rival, group.about);
    }
}

void run_benchmarks(const BenchOptions& options, const std::vector<ChosenGroup>& chosen, const Project& project) {
  Store store = Store::open_for_writing(options.database.empty() ? default_database() : options.database);
  const std::string version = source_version(project.root);
  const auto progress = [&](const std::string& line) {
    if (!options.quiet) fmt::print(stderr, "{}\n", line);
  };
  for (const ChosenGroup& group : chosen) {
    BenchReport report = run_group(group, options.settings, progress);
    for (LatencyRow& row : report.rows) {
      row.source_version = version;
      row.measured_at = utc_now();
      if (options.json) std::cout << row.json().dump() << std::endl;
    }
    store.add_latencies(report.rows);
    if (!options.json) fmt::print("{}\n", report_table(report));
    if (!options.json && &group == &chosen.back())
      fmt::print("{}; {}; {}\n{}\n", report.rows.front().machine, report.rows.front().flags,
                 report.rows.front().cpu_clock, version);
  }
}

void add_options(CLI::App& verb, BenchOptions& options) {
  BenchSettings& s = options.settings;
  verb.add_option("--filter", s.filter, "Regular expression, searched for in the names; baselines run in any case");
  verb.add_flag("--list", options.list, "Only say which benchmarks there are");
  verb.add_option("--model", options.model, "Checkpoint folder of a diffusion model (default: the embedded one)");
  verb.add_option("--block-length", s.block_length, "Tokens of a block (default: each benchmark's own)");
  verb.add_option("--items", s.num_items, "Answers that are scored; 0: all")->capture_default_str();
  verb.add_option("--timed-items", s.timed_items, "Answers of one timed round")->capture_default_str();
  verb.add_option("--repeats", s.measure.rounds, "Timed rounds; 0: by --min-time")->capture_default_str();
  verb.add_option("--min-time", s.measure.min_time_s, "Seconds to measure in each group")->capture_default_str();
  verb.add_option("--threads", s.threads, "Threads of a tensor operation")->capture_default_str();
  verb.add_option("--clock", options.clock, "cpu or wall (default: cpu with one thread)")
      ->check(CLI::IsMember({"cpu", "wall"}));
  verb.add_option("--seed", s.seed, "Of random weights, prompts and intervals")->capture_default_str();
  verb.add_option("--db", options.database, "Result database (default: results/local/results.db)");
  verb.add_flag("--json", options.json, "A JSON line for each rival");
  verb.add_flag("--quiet", options.quiet, "No progress");
}

}  // namespace

Verb add_bench(CLI::App& app) {
  auto* verb = app.add_subcommand("bench", "Time rivals against each other, with what the faster ones lose beside");
  auto options = std::make_shared<BenchOptions>();
  add_options(*verb, *options);
  add_examples(*verb,
               "  freeact bench --list\n"
               "  freeact bench --filter 'decode/puzzle_dllm/sort'\n"
               "  freeact bench --filter 'random.*dual' --block-length 16 --json");
  return [options] {
    const Project project = Project::find();
    BenchSettings& settings = options->settings;
    settings.datasets = project.datasets();
    if (!options->model.empty()) settings.model = options->model;
    settings.cpu_clock = options->clock.empty() ? settings.threads == 1 : options->clock == "cpu";
    const auto chosen = choose_benchmarks(settings);
    if (options->list) return list_benchmarks(chosen, options->json);
    run_benchmarks(*options, chosen, project);
  };
}

}  // namespace freeact
