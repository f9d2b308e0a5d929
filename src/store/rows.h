// Records to table rows and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <optional>
#include <string>
#include <string_view>

#include "store/record.h"

namespace freeact {

std::optional<int64_t> find_key(SQLite::Database& database, std::string_view key);

// Writes all rows of a run, under `id` when given; the caller holds the transaction.
int64_t insert_run(SQLite::Database& database, const RunRecord& run, std::optional<int64_t> id);

// Nothing when there is no such run.
std::optional<RunRecord> select_run(SQLite::Database& database, int64_t id);
std::optional<RunRecord> select_run_without_samples(SQLite::Database& database, int64_t id);

// What sample_of() reads, of samples s; the caller says which.
inline constexpr const char* kSelectSamples =
    "SELECT s.*, prompt, response, judged, tokens, steps, seconds FROM samples s LEFT JOIN sample_details d "
    "ON d.run_id = s.run_id AND d.task = s.task AND d.\"index\" = s.\"index\" ";
Sample sample_of(SQLite::Statement& row);

std::vector<RunSummary> select_summaries(SQLite::Database& database, std::string_view experiment);

// Every value of a query's result in an unambiguous text: lengths before texts, all bits of a number.
std::string serialise(SQLite::Database& database, const char* query);

}  // namespace freeact
