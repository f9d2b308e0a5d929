// Streams to the tables and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string_view>
#include <vector>

#include "store/stream.h"

namespace freeact {

bool has_stream_key(SQLite::Database& database, std::string_view key);

// Takes the place of an older one of the same key; the caller holds the transaction.
void insert_stream(SQLite::Database& database, const StreamRecord& stream);

// In the order they were added, points in theirs.
std::vector<StreamRecord> select_streams(SQLite::Database& database);

}  // namespace freeact
