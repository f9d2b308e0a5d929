#include "store/training_rows.h"

#include <limits>

#include "store/columns.h"
#include "util/fields.h"

namespace freeact {
namespace {

std::string to_text(const std::map<std::string, double>& values) {
  return Json(values).dump();
}

// JSON has no NaN: it is written as null.
std::map<std::string, double> from_text(const std::string& text) {
  std::map<std::string, double> values;
  const Json parsed = Json::parse(text);
  for (const auto& [name, value] : parsed.items())
    values[name] = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  return values;
}

// Machine and version are those that trained last, where they are known.
int64_t curve_id(SQLite::Database& database, const TrainingCurve& curve) {
  SQLite::Statement statement(
      database,
      "INSERT INTO training_curves VALUES (NULL,?,?,?,?,?) ON CONFLICT (recipe_hash, name) DO UPDATE SET "
      "steps = excluded.steps, machine = coalesce(nullif(excluded.machine, ''), machine), "
      "source_version = coalesce(nullif(excluded.source_version, ''), source_version)");
  insert(statement, curve.name, curve.recipe_hash, curve.steps, curve.machine, curve.source_version);
  SQLite::Statement query(database, "SELECT id FROM training_curves WHERE recipe_hash = ? AND name = ?");
  query.bind(1, curve.recipe_hash);
  query.bind(2, curve.name);
  query.executeStep();
  return query.getColumn(0).getInt64();
}

std::vector<TrainingPoint> select_points(SQLite::Database& database, int64_t curve) {
  SQLite::Statement statement(database, "SELECT * FROM training_points WHERE curve_id = ? ORDER BY step");
  statement.bind(1, curve);
  std::vector<TrainingPoint> points;
  while (statement.executeStep()) {
    points.push_back({.step = statement.getColumn(1).getInt64(),
                      .seconds = real(statement.getColumn(2)),
                      .tokens = statement.getColumn(3).getInt64(),
                      .losses = from_text(statement.getColumn(4).getString()),
                      .metrics = from_text(statement.getColumn(5).getString())});
  }
  return points;
}

}  // namespace

void insert_training(SQLite::Database& database, const TrainingCurve& curve) {
  const int64_t id = curve_id(database, curve);
  SQLite::Statement statement(database, "INSERT OR REPLACE INTO training_points VALUES (?,?,?,?,?,?)");
  for (const auto& p : curve.points)
    insert(statement, id, p.step, p.seconds, p.tokens, to_text(p.losses), to_text(p.metrics));
}

std::vector<TrainingCurve> select_trainings(SQLite::Database& database) {
  SQLite::Statement statement(database, "SELECT * FROM training_curves ORDER BY id");
  std::vector<TrainingCurve> curves;
  while (statement.executeStep()) {
    curves.push_back({.name = statement.getColumn(1).getString(),
                      .recipe_hash = statement.getColumn(2).getString(),
                      .steps = statement.getColumn(3).getInt64(),
                      .machine = statement.getColumn(4).getString(),
                      .source_version = statement.getColumn(5).getString(),
                      .points = select_points(database, statement.getColumn(0).getInt64())});
  }
  return curves;
}

}  // namespace freeact
