#include <ATen/ATen.h>

#include <fstream>
#include <iostream>

#include "app/verbs.h"
#include "gate/formats.h"
#include "gate/gate.h"
#include "util/files.h"

namespace freeact {
namespace {

struct CompareOptions {
  std::string reference, make, database, experiment;
  std::string junit, markdown;
  double false_alarm_rate = 0.01;
  int seeds = 1;
  bool bands = false, all = false, json = false, github = false, quiet = false;
};

// Thrown when a metric left its band, after everything was written: exit code 1.
class GateFailed : public Error {
 public:
  explicit GateFailed(const std::string& message) : Error(ExitCode::kComparisonFailed, message) {}
};

std::vector<MeasuredArm> read_arms(const CompareOptions& options) {
  const std::string path = options.database.empty() ? default_database() : options.database;
  auto arms = measured_arms(Store::open_for_reading(path), options.experiment);
  if (arms.empty())
    throw UserError("{}: no run{}", path,
                    options.experiment.empty() ? "" : " of experiment '" + options.experiment + "'");
  return arms;
}

void make(const CompareOptions& options) {
  if (!(options.false_alarm_rate > 0 && options.false_alarm_rate < 1))
    throw UserError("--false-alarms must lie between 0 and 1, but is {}", options.false_alarm_rate);
  if (options.seeds < 1) throw UserError("--seeds must be 1 or more, but is {}", options.seeds);
  std::vector<std::string> left_out;
  const Reference reference = make_reference(read_arms(options), options.false_alarm_rate, options.seeds, left_out);
  write_file_atomically(options.make, write_reference(reference));
  if (options.quiet) return;
  for (const auto& metric : left_out) fmt::print(stderr, "left out, not a number in every seed: {}\n", metric);
  fmt::print(stderr, "{}: {} arms, {:.2g} as level of a metric\n", options.make, reference.arms.size(),
             reference.level);
}

void append(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::app);
  if (!(file << text << std::flush)) throw EnvironmentError("cannot write to '{}'", path);
}

void write_all(const GateResult& result, const CompareOptions& options) {
  if (!options.junit.empty()) write_file_atomically(options.junit, gate_junit(result));
  if (!options.markdown.empty()) append(options.markdown, gate_markdown(result, options.reference));
  if (options.json)
    std::cout << gate_json(result) << std::flush;
  else if (!options.quiet)
    std::cout << gate_table(result, options.all) << std::flush;
  if (options.github)
    (options.json ? std::cerr : std::cout) << gate_annotations(result, options.reference) << std::flush;
  if (options.quiet) return;
  if (result.other_arithmetic)
    fmt::print(stderr,
               "the 16-bit model's digits are not the reference's (another processor, library or arithmetic): bands "
               "alone judge those seeds\n");
  fmt::print(stderr, "{}\n", result.summary());
}

// "rtn, W4A4: sort/exact_match is worse", of the first few.
std::string failures(const GateResult& result) {
  constexpr size_t kNamed = 3;
  std::string text;
  for (size_t i = 0; i < std::min(kNamed, result.failed()); ++i) {
    const Finding& f = result.findings[i];
    text += fmt::format("{}{}{}{}: {}", i == 0 ? "" : "; ", f.arm.text(), f.metric.empty() ? "" : ", ", f.metric,
                        outcome_name(f.outcome));
  }
  if (result.failed() > kNamed) text += fmt::format("; and {} more", result.failed() - kNamed);
  return text;
}

void compare_with_reference(const CompareOptions& options) {
  Reference reference = read_reference(options.reference);
  if (!options.experiment.empty())
    std::erase_if(reference.arms, [&](const auto& arm) { return arm.experiment != options.experiment; });
  const GateResult result = hold_against(reference, read_arms(options), options.bands);
  write_all(result, options);
  if (result.failed() > 0) throw GateFailed(failures(result));
  if (result.compared() == 0)
    throw UserError("{}: it has one seed and no run of this machine: nothing could be judged", options.reference);
}

}  // namespace

Verb add_compare(CLI::App& app) {
  auto* verb = app.add_subcommand("compare", "Hold results against a reference file: a regression gate");
  auto o = std::make_shared<CompareOptions>();
  auto* reference = verb->add_option("--reference", o->reference, "Reference file to hold the results against");
  auto* make_it = verb->add_option("--make", o->make, "Write a reference file of the results instead");
  reference->excludes(make_it);
  verb->add_option("--db", o->database, "Result database (default: results/local/results.db)");
  verb->add_option("--experiment", o->experiment, "Only this experiment");
  verb->add_flag("--bands", o->bands,
                 "Bands alone, also where the same seed on the same machine promises equal numbers");
  verb->add_flag("--all", o->all, "Show what holds, too");
  verb->add_flag("--json", o->json, "A JSON line per metric, and a last one with the counts");
  verb->add_option("--junit", o->junit, "Write JUnit XML to this file");
  verb->add_flag("--github", o->github, "Print annotations for GitHub");
  verb->add_option("--markdown", o->markdown, "Append a summary to this file ($GITHUB_STEP_SUMMARY)");
  verb->add_option("--false-alarms", o->false_alarm_rate,
                   "With --make: chance that any metric leaves its band though nothing changed (default: 0.01)")
      ->needs(make_it);
  verb->add_option("--seeds", o->seeds, "With --make: seeds that the gate will run (default: 1)")->needs(make_it);
  verb->add_flag("--quiet", o->quiet, "No table and no summary");
  add_examples(*verb,
               "  freeact run regression --db gate.db\n"
               "  freeact compare --reference results/reference/regression_cpu.json --db gate.db\n"
               "  freeact compare --reference FILE --db gate.db --junit gate.xml --github\n"
               "  freeact compare --make FILE --db seeds.db --seeds 2");
  return [o] {
    if (o->reference.empty() && o->make.empty()) throw UserError("give --reference FILE, or --make FILE to write one");
    o->make.empty() ? compare_with_reference(*o) : make(*o);
  };
}

}  // namespace freeact
