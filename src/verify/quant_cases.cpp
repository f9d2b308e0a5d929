#include "verify/quant_cases.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "util/error.h"
#include "util/files.h"
#include "verify/quant_case.h"

namespace freeact {
namespace {

using Check = void (*)(QuantCase&);

// The checks by the fixture file's "method", in one visible table.
const std::map<std::string, Check>& checks() {
  static const std::map<std::string, Check> table = {
      {"rtn", check_rtn},
      {"smoothquant", check_smoothquant},
      {"quarot_hadamard", check_quarot_hadamard},
      {"quarot_model", check_quarot_model},
      {"flatquant_trans", check_flatquant_trans},
      {"flatquant_linear", check_flatquant_linear},
      {"flatquant_train", check_flatquant_train},
      {"flatquant_block", check_flatquant_block},
      {"gptq", check_gptq},
      {"freeact", check_freeact},
  };
  return table;
}

std::vector<CheckLine> run_case(const nlohmann::json& description, const nlohmann::json& siblings,
                                const SafetensorsFile& tensors, const Check check) {
  QuantCase one(description, siblings, tensors);
  std::string fault;
  try {
    if (check) check(one);
  } catch (const std::exception& error) {
    fault = error.what();
  }
  auto lines = one.finish();
  for (auto& line : lines)
    if (!fault.empty() && !line.passed && line.note.find("not understood") != std::string::npos) line.note = fault;
  return lines;
}

void verify_file(const std::filesystem::path& path, const Filter& filter, CheckReport& report) {
  const std::string stem = path.stem().string();
  const nlohmann::json file = read_json(path);
  if (!file.contains("cases") || !file["cases"].is_array())
    return report.add(failed_line(stem, "", "no list of cases in this file"));
  const auto wanted = [&](const nlohmann::json& one) { return filter(stem + "/" + one.value("name", "")); };
  if (std::none_of(file["cases"].begin(), file["cases"].end(), wanted)) return;
  const SafetensorsFile tensors(std::filesystem::path(path).replace_extension(".safetensors"));
  const auto found = checks().find(file.value("method", ""));
  for (const auto& one : file["cases"]) {
    if (!wanted(one)) continue;
    for (auto& line : run_case(one, file["cases"], tensors, found == checks().end() ? nullptr : found->second)) {
      line.case_name = stem + "/" + line.case_name;
      report.add(line);
    }
  }
}

}  // namespace

void verify_quant_cases(const std::filesystem::path& folder, const Filter& filter, CheckReport& report) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    try {
      verify_file(path, filter, report);
    } catch (const std::exception& error) {
      report.add(failed_line(path.stem().string(), "", error.what()));
    }
  }
}

}  // namespace freeact
