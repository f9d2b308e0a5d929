// Tables as text: .csv and .tsv.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace freeact {

struct DelimitedRow {
  std::vector<std::string> cells;
  int line = 0;  // of its first character, from 1
};

// All rows by the rules of Python's csv.reader: a quoted cell may hold separators, line ends and doubled quotes; a
// quote elsewhere is a character. Empty lines are no rows.
std::vector<DelimitedRow> read_delimited(std::string_view text, char separator);

}  // namespace freeact
