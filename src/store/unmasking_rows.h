// Orders of unmasking to their table and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <vector>

#include "store/unmasking.h"

namespace freeact {

// The caller holds the transaction.
void insert_unmaskings(SQLite::Database& database, const std::vector<UnmaskedAnswer>& answers, int64_t run_id);

// In the order they were given.
std::vector<UnmaskedAnswer> select_unmaskings(SQLite::Database& database, int64_t run_id);

}  // namespace freeact
