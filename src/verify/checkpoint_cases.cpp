#include "verify/checkpoint_cases.h"

#include <algorithm>

#include "tokenizer/verify_cases.h"
#include "util/files.h"
#include "verify/family_cases.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// "llada_tiny" of "golden/llada_tiny/", "." or "llada_tiny".
std::string folder_name(const fs::path& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::vector<CheckLine> check_case(ReferenceSet& set, const std::string& name, const std::string& title) {
  ReferenceCase reference(set, name, title);
  try {
    const nlohmann::json& settings = reference.settings();
    const std::string kind = settings.is_object() ? settings.value("kind", "") : "";
    find_case_check(set.family().name, kind)(reference);
    return reference.finish();
  } catch (const std::exception& error) {
    return reference.fail(error.what());
  }
}

// References of no case are not held against anything; say so rather than pass over them.
void count_unclaimed(const ReferenceSet& set, const std::string& folder, const Filter& filter, CheckReport& report) {
  const auto belongs_to_a_case = [&](const std::string& tensor) {
    for (const auto& [name, settings] : set.cases().items())
      if (tensor.starts_with(name + ".")) return true;
    return false;
  };
  for (const auto& [tensor, info] : set.tensors().tensors())
    if (!belongs_to_a_case(tensor) && filter(folder + "/" + tensor))
      report.skip(folder + "/" + tensor, "*", "belongs to no case of io.json");
}

void verify_model(const fs::path& folder, const Filter& filter, CheckReport& report) {
  ReferenceSet set(folder);
  const std::string name = folder_name(folder);
  for (const auto& [key, settings] : set.cases().items()) {
    const std::string title = name + "/" + key;
    if (!filter(title)) continue;
    for (CheckLine& line : check_case(set, key, title)) report.add(std::move(line));
  }
  count_unclaimed(set, name, filter, report);
}

// "encode/12" is output 12 of the case FOLDER/tokenizer.encode.
CheckLine tokenizer_line(const std::string& folder, const TokenizerCaseResult& result) {
  const size_t slash = result.name.find('/');
  CheckLine line = failed_line(folder + "/tokenizer." + result.name.substr(0, slash),
                               slash == std::string::npos ? "*" : result.name.substr(slash + 1), result.detail);
  line.tolerance = Tolerance::exact().text();
  line.passed = result.passed;
  if (result.passed) line.max_abs_diff = 0;
  return line;
}

// A tokenizer that cannot be read fails every group of cases.
std::vector<CheckLine> check_tokenizer(const fs::path& folder, const std::string& name) {
  std::vector<CheckLine> lines;
  try {
    for (const auto& result : check_tokenizer_cases(folder)) lines.push_back(tokenizer_line(name, result));
  } catch (const std::exception& error) {
    const nlohmann::json groups = read_json(folder / "tokenizer_cases.json");
    for (const auto& [group, cases] : groups.items())
      if (cases.is_structured()) lines.push_back(failed_line(name + "/tokenizer." + group, "*", error.what()));
  }
  return lines;
}

void verify_tokenizer(const fs::path& folder, const Filter& filter, CheckReport& report) {
  for (CheckLine& line : check_tokenizer(folder, folder_name(folder)))
    if (filter(line.case_name)) report.add(std::move(line));
}

}  // namespace

bool is_checkpoint_folder(const fs::path& folder) {
  return fs::exists(folder / "io.json") || fs::exists(folder / "tokenizer_cases.json");
}

void verify_checkpoint(const fs::path& folder, const Filter& filter, CheckReport& report) {
  if (fs::exists(folder / "io.json")) verify_model(folder, filter, report);
  if (fs::exists(folder / "tokenizer_cases.json")) verify_tokenizer(folder, filter, report);
}

}  // namespace freeact
