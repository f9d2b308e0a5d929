#include "verify/checkpoint_cases.h"

#include <algorithm>
#include <functional>
#include <set>

#include "tokenizer/verify_cases.h"
#include "util/error.h"
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

std::vector<CheckLine> run_check(ReferenceSet& set, const std::string& name, const std::string& title,
                                 const std::function<FamilyCheck()>& find) {
  ReferenceCase reference(set, name, title);
  try {
    find()(reference);
    return reference.finish();
  } catch (const std::exception& error) {
    return reference.fail(error.what());
  }
}

FamilyCheck check_of_case(ReferenceSet& set, const std::string& name) {
  const nlohmann::json& settings = set.cases().at(name);
  return find_family_check(set.family().name, settings.is_object() ? settings.value("kind", "") : "");
}

// "image.chart" of the tensor "image.chart.rgb" and the group "image."; "" when the tensor is of another group.
std::string group_of(const std::string& tensor, const std::string& group) {
  if (!group.ends_with('.')) return tensor.starts_with(group + ".") ? group : "";
  return tensor.starts_with(group) ? tensor.substr(0, tensor.find('.', group.size())) : "";
}

// What there is of a group in the set.
std::set<std::string> names_of_group(const ReferenceSet& set, const std::string& group) {
  std::set<std::string> names;
  if (set.description().contains(group)) names.insert(group);
  for (const auto& [tensor, info] : set.tensors().tensors())
    if (const std::string name = group_of(tensor, group); !name.empty()) names.insert(name);
  return names;
}

// An unknown family has been said with every case.
std::string family_or_none(ReferenceSet& set) {
  try {
    return set.family().name;
  } catch (const UserError&) {
    return "";
  }
}

// References of no case or group are not held against anything; say so rather than pass over them.
void count_unclaimed(const ReferenceSet& set, const std::set<std::string>& known, const std::string& folder,
                     const Filter& filter, CheckReport& report) {
  const auto is_known = [&](const std::string& tensor) {
    return std::any_of(known.begin(), known.end(), [&](const auto& name) { return tensor.starts_with(name + "."); });
  };
  for (const auto& [tensor, info] : set.tensors().tensors())
    if (!is_known(tensor) && filter(folder + "/" + tensor))
      report.skip(folder + "/" + tensor, "*", "belongs to no case of io.json");
}

void verify_model(const fs::path& folder, const Filter& filter, CheckReport& report) {
  ReferenceSet set(folder);
  const std::string prefix = folder_name(folder) + "/";
  std::set<std::string> known;
  const auto check = [&](const std::string& name, const std::function<FamilyCheck()>& find) {
    known.insert(name);
    if (!filter(prefix + name)) return;
    for (CheckLine& line : run_check(set, name, prefix + name, find)) report.add(std::move(line));
  };
  for (const auto& [name, settings] : set.cases().items()) check(name, [&] { return check_of_case(set, name); });
  for (const GroupCheck& group : group_checks(family_or_none(set)))
    for (const auto& name : names_of_group(set, group.name)) check(name, [&] { return group.check; });
  count_unclaimed(set, known, folder_name(folder), filter, report);
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
