// Training curves to the tables and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <vector>

#include "store/training.h"

namespace freeact {

// The caller holds the transaction.
void insert_training(SQLite::Database& database, const TrainingCurve& curve);

std::vector<TrainingCurve> select_trainings(SQLite::Database& database);

}  // namespace freeact
