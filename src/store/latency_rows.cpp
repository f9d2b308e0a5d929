#include "store/latency_rows.h"

#include "store/columns.h"

namespace freeact {

void insert_latencies(SQLite::Database& database, const std::vector<LatencyRow>& rows) {
  SQLite::Statement statement(database,
                              "INSERT INTO latencies VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  for (const auto& r : rows)
    insert(statement, r.name, r.baseline, r.model, r.checkpoint_hash, r.backend, r.unit, r.clock, r.median_s, r.p10_s,
           r.p90_s, r.count, r.ratio, r.ratio_low, r.ratio_high, r.accuracy, r.accuracy_kind, r.statistics.dump(),
           signed_bits(r.seed), r.machine, r.threads, r.flags, r.cpu_clock, r.source_version, r.measured_at);
}

std::vector<LatencyRow> select_latencies(SQLite::Database& database) {
  SQLite::Statement statement(database, "SELECT * FROM latencies ORDER BY id");
  std::vector<LatencyRow> rows;
  while (statement.executeStep()) {
    int index = 0;
    const auto next = [&] { return statement.getColumn(++index); };
    // Braces evaluate from left to right: the fields are in the order of the columns.
    rows.push_back({.name = next().getString(),
                    .baseline = next().getString(),
                    .model = next().getString(),
                    .checkpoint_hash = next().getString(),
                    .backend = next().getString(),
                    .unit = next().getString(),
                    .clock = next().getString(),
                    .median_s = real(next()),
                    .p10_s = real(next()),
                    .p90_s = real(next()),
                    .count = next().getInt64(),
                    .ratio = real(next()),
                    .ratio_low = real(next()),
                    .ratio_high = real(next()),
                    .accuracy = real(next()),
                    .accuracy_kind = next().getString(),
                    .statistics = Json::parse(next().getString()),
                    .seed = unsigned_bits(next()),
                    .machine = next().getString(),
                    .threads = next().getInt(),
                    .flags = next().getString(),
                    .cpu_clock = next().getString(),
                    .source_version = next().getString(),
                    .measured_at = next().getString()});
  }
  return rows;
}

}  // namespace freeact
