// Training logs of blocks to the tables and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <vector>

#include "store/block_training.h"

namespace freeact {

// The caller holds the transaction.
void insert_block_trainings(SQLite::Database& database, const std::vector<BlockTraining>& trainings, int64_t run_id);

// In the order they were added.
std::vector<BlockTraining> select_block_trainings(SQLite::Database& database, int64_t run_id);

}  // namespace freeact
