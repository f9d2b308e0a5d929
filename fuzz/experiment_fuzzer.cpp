// An experiment, one that it may inherit from, a method's file, and overrides, a line each: composed, expanded and
// validated. A cell, printed as YAML, is read back as the same.
#include <sstream>

#include "config/plan.h"
#include "config/sweep_values.h"
#include "config/yaml.h"
#include "fuzz/run.h"
#include "fuzz/scratch_folder.h"

namespace freeact {
namespace {

constexpr size_t kMostCells = 32;  // more of them show nothing new

struct Experiments : OwnFolder {
  Experiments() {
    write("config.yaml",
          "defaults: [model: tiny, method: rtn, quant: w4a4, calibration: c, backend: simulated]\n"
          "seed: 1\ntasks: [sort]\n");
    write("model/tiny.yaml", "name: tiny\npath: models/tiny\nfamily: llada\n");
    write("method/rtn.yaml", "name: rtn\n");
    write("method/none.yaml", "name: none\n");
    write("quant/w4a4.yaml", "w_bits: 4\na_bits: 4\n");
    write("quant/w3a3.yaml", "w_bits: 3\na_bits: 3\n");
    write("calibration/c.yaml", "dataset: c\n");
    write("backend/simulated.yaml", "name: simulated\n");
    write("task/sort.yaml", "name: sort\ndataset: sort\nmetric: exact_match\n");
    write("task/reverse.yaml", "name: reverse\ndataset: reverse\nmetric: exact_match\n");
  }
};

std::vector<std::string> lines_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

size_t values_of(const Json& axis) {
  if (axis.is_array()) return axis.size();
  const bool is_function = axis.is_string() && is_sweep_function(axis.get<std::string>());
  return is_function ? sweep_function_values(axis.get<std::string>(), {"a", "b", "c", "d"}, "axis").size() : 1;
}

// At most, as far as the files' own sweeps tell.
size_t cells_of(const std::filesystem::path& file) {
  const Tree tree = load_yaml(file);
  const Json* sweep = tree.find("sweep");
  size_t cells = 1;
  if (sweep != nullptr && sweep->is_object())
    for (const auto& axis : *sweep) cells = std::min(cells * std::max<size_t>(values_of(axis), 1), kMostCells + 1);
  return cells;
}

size_t cells_of(const std::vector<std::string>& overrides) {
  size_t cells = 1;
  for (const auto& text : overrides)
    cells *= std::count(text.begin(), text.end(), ',') + (text.find("range(") == text.npos ? 1 : kMostCells);
  return cells;
}

void plan(const Experiments& folder, const std::vector<std::string>& overrides) {
  for (const Cell& cell : plan_experiment(folder.path(), "main", overrides, /*multirun=*/true)) {
    FREEACT_CHECK(parse_yaml_value(to_yaml(cell.resolved), "cell") == cell.resolved, "YAML that is read otherwise");
    Tree tree;
    tree.values = cell.resolved;
    FREEACT_CHECK(resolved_values(read_experiment(tree)) == cell.resolved, "a cell that is read otherwise");
  }
}

}  // namespace
}  // namespace freeact

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  static const Experiments folder;
  return run_input(data, size, [](std::string_view text) {
    const auto parts = parts_of(text, 4);
    folder.write("main.yaml", parts[0]);
    folder.write("base.yaml", parts[1]);
    folder.write("method/own.yaml", parts[2]);
    const std::vector<std::string> overrides = lines_of(parts[3]);
    const size_t cells = cells_of(folder.path() / "main.yaml") * cells_of(folder.path() / "base.yaml");
    if (cells * cells_of(overrides) <= kMostCells) plan(folder, overrides);
  });
}
