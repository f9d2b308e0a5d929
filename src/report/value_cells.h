// The cells that tables of methods and columns are made of.
#pragma once

#include <string>
#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

TableCell missing_cell(std::string why);
// Links to the runs.
TableCell runs_cell(const std::vector<const Run*>& runs);
// "runs 3, 7", "run 1"
std::string runs_text(const std::vector<const Run*>& runs);
// "gsm8k [%] ↑ (4 of 1319 items)"
std::string column_heading(const Setting& setting, const Column& column);
// Behind what the note says already.
void add_note(TableCell& cell, const std::string& note);

// The interval for the choice of items, "93.1 to 98.4"; "" where it is unknown.
std::string item_range(const Arm& arm, const Column& column);
// Mean over seeds with its t interval; the note has the interval for the choice of items.
TableCell value_cell(const Arm& arm, const Column& column);
// Whether no quantised arm has a better mean than this one; no arm is best where all are alike.
bool is_best(const Setting& setting, const Arm& arm, const Column& column);

// How few items a column's scores are of (see subset_mark), where that is the same for all methods; "" else, and then
// each method's cell has its own mark.
std::string common_mark(const Setting& setting, const Column& column);
std::string own_mark(const Setting& setting, const Arm& arm, const Column& column);

}  // namespace freeact
