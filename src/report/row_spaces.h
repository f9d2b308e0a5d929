// How the row spaces of token types lie to each other, and how much freedom FreeAct's Proposition 1 leaves.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// Each: nothing when no run has measured it.
std::optional<Table> row_space_table(const std::vector<const Run*>& runs, const std::string& title);
std::optional<Table> solution_space_table(const std::vector<const Run*>& runs, const std::string& title);
std::optional<Figure> row_space_figure(const std::vector<const Run*>& runs, const std::string& title);

// CSV files in long format with full precision, for other programs.
void write_row_space_rows(const std::vector<Run>& runs, const std::filesystem::path& path);
void write_solution_space_rows(const std::vector<Run>& runs, const std::filesystem::path& path);

}  // namespace freeact
