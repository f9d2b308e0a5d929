#include "store/latency_rows.h"

#include "store/columns.h"

namespace freeact {

void insert_latencies(SQLite::Database& database, const std::vector<LatencyRow>& rows) {
  SQLite::Statement statement(database,
                              "INSERT INTO latencies VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
                              "?,?,?,?,?,?,?,?)");
  for (const auto& r : rows)
    insert(statement, r.name, r.baseline, r.model, r.checkpoint_hash, r.backend, r.unit, r.clock, r.median_s, r.p10_s,
           r.p90_s, r.count, r.ratio, r.ratio_low, r.ratio_high, r.accuracy, r.accuracy_kind, r.statistics.dump(),
           signed_bits(r.seed), r.machine, r.threads, r.flags, r.cpu_clock, r.source_version, r.measured_at, r.note,
           r.dropped, r.goal, r.opponents.dump(), r.ceiling, r.ceiling_fraction, r.instruction_set, r.peak_memory_mib);
}

std::vector<LatencyRow> select_latencies(SQLite::Database& database) {
  SQLite::Statement statement(database, "SELECT * FROM latencies ORDER BY id");
  std::vector<LatencyRow> rows;
  while (statement.executeStep()) {
    int index = 0;
    const auto next = [&] { return statement.getColumn(++index); };
    LatencyRow r;
    for (std::string* text : {&r.name, &r.baseline, &r.model, &r.checkpoint_hash, &r.backend, &r.unit, &r.clock})
      *text = next().getString();
    for (double* number : {&r.median_s, &r.p10_s, &r.p90_s}) *number = real(next());
    r.count = next().getInt64();
    for (double* number : {&r.ratio, &r.ratio_low, &r.ratio_high, &r.accuracy}) *number = real(next());
    r.accuracy_kind = next().getString();
    r.statistics = Json::parse(next().getString());
    r.seed = unsigned_bits(next());
    r.machine = next().getString();
    r.threads = next().getInt();
    for (std::string* text : {&r.flags, &r.cpu_clock, &r.source_version, &r.measured_at, &r.note})
      *text = next().getString();
    r.dropped = next().getInt64();
    r.goal = next().getString();
    r.opponents = Json::parse(next().getString());
    r.ceiling = next().getString();
    r.ceiling_fraction = real(next());
    r.instruction_set = next().getString();
    r.peak_memory_mib = real(next());
    rows.push_back(std::move(r));
  }
  return rows;
}

}  // namespace freeact
