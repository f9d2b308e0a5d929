#include "store/stream_rows.h"

#include <string>

#include "store/columns.h"

namespace freeact {
namespace {

std::vector<StreamPoint> select_points(SQLite::Database& database, int64_t stream) {
  SQLite::Statement statement(
      database,
      "SELECT arm, \"window\", data, layer, site, token_type, relative_error, drift, tokens FROM "
      "stream_points WHERE stream_id = ? ORDER BY rowid");
  statement.bind(1, stream);
  std::vector<StreamPoint> points;
  while (statement.executeStep()) {
    points.push_back({.arm = statement.getColumn(0).getString(),
                      .window = statement.getColumn(1).getInt(),
                      .data = statement.getColumn(2).getString(),
                      .layer = statement.getColumn(3).getInt(),
                      .site = statement.getColumn(4).getString(),
                      .token_type = statement.getColumn(5).getString(),
                      .relative_error = real(statement.getColumn(6)),
                      .drift = real(statement.getColumn(7)),
                      .tokens = statement.getColumn(8).getInt64()});
  }
  return points;
}

}  // namespace

bool has_stream_key(SQLite::Database& database, std::string_view key) {
  SQLite::Statement query(database, "SELECT 1 FROM streams WHERE key = ?");
  query.bind(1, std::string(key));
  return query.executeStep();
}

void insert_stream(SQLite::Database& database, const StreamRecord& s) {
  SQLite::Statement old(database, "DELETE FROM streams WHERE key = ?");
  insert(old, s.key);
  SQLite::Statement stream(database, "INSERT INTO streams VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  insert(stream, s.key, s.experiment, s.model, s.method, s.bits, signed_bits(s.seed), s.shift_at, s.resolved_config,
         s.source_version, s.checkpoint_hash, s.machine, s.started_at, s.seconds);
  const int64_t id = database.getLastInsertRowid();
  SQLite::Statement point(database, "INSERT INTO stream_points VALUES (?,?,?,?,?,?,?,?,?,?)");
  for (const auto& p : s.points)
    insert(point, id, p.arm, p.window, p.data, p.layer, p.site, p.token_type, p.relative_error, p.drift, p.tokens);
}

std::vector<StreamRecord> select_streams(SQLite::Database& database) {
  SQLite::Statement statement(database, "SELECT * FROM streams ORDER BY id");
  std::vector<StreamRecord> streams;
  while (statement.executeStep()) {
    int index = 0;
    const auto next = [&] { return statement.getColumn(++index); };
    // Braces evaluate from left to right: the fields are in the order of the columns.
    streams.push_back({.key = next().getString(),
                       .experiment = next().getString(),
                       .model = next().getString(),
                       .method = next().getString(),
                       .bits = next().getString(),
                       .seed = unsigned_bits(next()),
                       .shift_at = next().getInt(),
                       .resolved_config = next().getString(),
                       .source_version = next().getString(),
                       .checkpoint_hash = next().getString(),
                       .machine = next().getString(),
                       .started_at = next().getString(),
                       .seconds = real(next()),
                       .points = select_points(database, statement.getColumn(0).getInt64())});
  }
  return streams;
}

}  // namespace freeact
