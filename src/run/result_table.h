// What a sweep found, as tables for a terminal: a row for each method, a column for each task's headline and for their
// mean, over seeds. The numbers and what counts as best are the report's (report/value_cells.h).
#pragma once

#include <string>
#include <vector>

#include "report/analysis.h"

namespace freeact {

// How the best and the second best are set off: "93.1*" and "91.0+", or bold and underlined.
enum class MarkStyle { kCharacters, kTerminal };

// A table for each setting of the runs. In a column the best of the quantised methods is marked, and the best of the
// rest; ties are marked alike, and nothing where all are alike. "" without runs.
std::string result_tables(const std::vector<Run>& runs, MarkStyle style);

// kTerminal for a terminal, unless NO_COLOR is set (no-color.org) or it knows no styles.
MarkStyle mark_style(bool is_terminal);

}  // namespace freeact
