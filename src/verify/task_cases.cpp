#include "verify/task_cases.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "scoring/reference_cases.h"
#include "verify/task_prompts.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// Answers are texts, scores are numbers.
double difference(const CaseCheck& check) {
  if (check.passed) return 0;
  if (!check.ours.is_number() || !check.reference.is_number()) return std::numeric_limits<double>::quiet_NaN();
  return std::abs(check.ours.get<double>() - check.reference.get<double>());
}

CheckLine line_of(const std::string& file, const CaseCheck& check) {
  return {.case_name = file + "/" + check.case_name,
          .output = check.output,
          .max_abs_diff = difference(check),
          .tolerance = Tolerance::exact().text(),
          .passed = check.passed,
          .note = check.note};
}

}  // namespace

bool is_task_folder(const fs::path& folder) {
  return !files_of(folder).empty();
}

void verify_task_cases(const fs::path& folder, const fs::path& datasets, const Filter& filter, CheckReport& report) {
  for (const auto& path : files_of(folder)) {
    const std::string stem = path.stem().string();
    const auto is_wanted = [&](const std::string& name) { return filter(stem + "/" + name); };
    try {
      for (const auto& check : check_task_cases(path))
        if (is_wanted(check.case_name)) report.add(line_of(stem, check));
      const PromptChecks prompts = check_task_prompts(path, datasets);
      for (const auto& check : prompts.checks)
        if (is_wanted(check.case_name)) report.add(line_of(stem, check));
      for (const auto& [name, why] : prompts.skipped)
        if (is_wanted(name)) report.skip(stem + "/" + name, "prompt", why);
    } catch (const std::exception& error) {
      report.add(failed_line(stem, "", error.what()));
    }
  }
}

}  // namespace freeact
