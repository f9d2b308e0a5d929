// What was measured of the activations of each token type, to the tables and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <vector>

#include "store/record.h"

namespace freeact {

// The run's row spaces, solution spaces and surfaces.
void insert_token_analysis(SQLite::Database& database, const RunRecord& run, int64_t run_id);

std::vector<RowSpaceOverlap> select_row_spaces(SQLite::Database& database, int64_t run_id);
std::vector<SolutionSpace> select_solution_spaces(SQLite::Database& database, int64_t run_id);
std::vector<ActivationSurface> select_surfaces(SQLite::Database& database, int64_t run_id);

}  // namespace freeact
