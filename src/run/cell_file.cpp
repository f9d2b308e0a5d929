#include "run/cell_file.h"

#include "config/yaml.h"
#include "util/files.h"
#include "util/hash.h"

namespace freeact {

void write_cell_file(const std::filesystem::path& path, const CellFile& file) {
  write_file_atomically(path, to_yaml(write_fields(file)) + "\n");
}

CellFile read_cell_file(const std::filesystem::path& path) {
  const Tree tree = load_yaml(path);
  try {
    CellFile file = read_fields<CellFile>(tree.values);
    if (file.cells.empty()) throw FieldError("cells", "key 'cells' is empty: nothing to run");
    return file;
  } catch (const FieldError& error) {
    throw located(error, tree.places);
  }
}

Cell cell_of(const CellEntry& entry) {
  Tree tree;
  tree.values = entry.experiment;
  Cell cell;
  cell.experiment = read_experiment(tree);
  cell.resolved = resolved_values(cell.experiment);
  cell.hash = sha256(determining_settings(cell.resolved).dump());
  for (const auto& [axis, value] : entry.choices.items()) cell.choices.emplace_back(axis, value.get<std::string>());
  cell.experiment.launcher = LauncherConfig();
  cell.experiment.launcher.workers = 1;
  return cell;
}

}  // namespace freeact
