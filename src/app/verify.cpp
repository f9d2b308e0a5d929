#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <iostream>

#include "app/verbs.h"
#include "run/project.h"
#include "util/error.h"
#include "verify/checkpoint_cases.h"
#include "verify/quant_cases.h"
#include "verify/task_cases.h"

namespace freeact {
namespace {

// Thrown when some output differs from its reference: exit code 1, after all lines were printed.
class VerificationFailed : public Error {
 public:
  explicit VerificationFailed(int failed)
      : Error(ExitCode::kComparisonFailed, fmt::format("{} outputs differ from their reference", failed)) {}
};

void verify_folder(const std::filesystem::path& folder, const Filter& filter, CheckReport& report) {
  if (!std::filesystem::is_directory(folder))
    throw UserError(
        "no folder '{}': give a checkpoint folder with io.json, or a folder of quantisation cases or of task cases",
        folder.string());
  if (is_checkpoint_folder(folder)) return verify_checkpoint(folder, filter, report);
  if (is_task_folder(folder)) return verify_task_cases(folder, Project::find().datasets(), filter, report);
  verify_quant_cases(folder, filter, report);
}

}  // namespace

Verb add_verify(CLI::App& app) {
  auto* verb = app.add_subcommand("verify", "Hold the suite against reference outputs");
  auto folders = std::make_shared<std::vector<std::string>>();
  auto filter = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false), quiet = std::make_shared<bool>(false);
  verb->add_option("dir", *folders, "Checkpoint folders with io.json, or folders of quantisation or task cases")
      ->required();
  verb->add_option("--filter", *filter, "Regular expression, searched for in NAME/case");
  verb->add_flag("--json", *json, "A JSON line per output, and a last one with the counts");
  verb->add_flag("--quiet", *quiet, "Only the summary");
  add_examples(*verb,
               "  freeact verify tests/golden/data/quant\n"
               "  freeact verify path/to/checkpoint --filter 'gen\\.' --json");
  return [folders, filter, json, quiet] {
    at::set_num_threads(1);  // the references were made with one thread, and the cases are small
    const Filter wanted = filter->empty() ? Filter() : Filter(*filter);
    CheckReport report([&](const CheckLine& line) {
      if (*json && !*quiet) std::cout << line_json(line) << "\n";
    });
    for (const auto& folder : *folders) verify_folder(folder, wanted, report);
    if (*json)
      std::cout << report.summary_json() << std::endl;
    else if (*quiet)
      report.write_summary(std::cout);
    else
      report.write_table(std::cout);
    if (report.failed() > 0) throw VerificationFailed(report.failed());
    if (report.passed() == 0) throw UserError("no case was checked: does --filter match any NAME/case?");
  };
}

}  // namespace freeact
