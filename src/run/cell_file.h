// Planned cells in a file, for a process that runs exactly these, whatever becomes of the experiment they come from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/plan.h"
#include "util/fields.h"

namespace freeact {

struct CellEntry {
  std::string key;  // of its result, as it was planned
  std::string label;
  Json choices = Json::object();
  Json experiment = Json::object();

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("key", key, "");
    visit("label", label, "for people");
    visit("choices", choices, "what the sweep chose");
    visit("experiment", experiment, "all settings");
  }
};

struct CellFile {
  std::string database;  // where the results go
  std::vector<CellEntry> cells;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("database", database, "");
    visit("cells", cells, "");
  }
};

// Throws EnvironmentError when the disk refuses.
void write_cell_file(const std::filesystem::path& path, const CellFile& file);

// Throws UserError on anything but such a file.
CellFile read_cell_file(const std::filesystem::path& path);

// The cell as plan_experiment() made it, to run in this process.
Cell cell_of(const CellEntry& entry);

}  // namespace freeact
