// Latency rows to the table and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <vector>

#include "store/latency.h"

namespace freeact {

// The caller holds the transaction.
void insert_latencies(SQLite::Database& database, const std::vector<LatencyRow>& rows);

// In the order they were added.
std::vector<LatencyRow> select_latencies(SQLite::Database& database);

}  // namespace freeact
