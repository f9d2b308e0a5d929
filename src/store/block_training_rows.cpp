#include "store/block_training_rows.h"

#include "store/columns.h"
#include "util/fields.h"

namespace freeact {
namespace {

// JSON has no NaN: it is written as null.
std::vector<double> numbers_of(const std::string& text) {
  std::vector<double> numbers;
  for (const auto& number : Json::parse(text))
    numbers.push_back(number.is_null() ? std::numeric_limits<double>::quiet_NaN() : number.get<double>());
  return numbers;
}

std::vector<SiteTraining> select_sites(SQLite::Database& database, int64_t run_id, int layer) {
  SQLite::Statement statement(database, "SELECT * FROM site_trainings WHERE run_id = ? AND layer = ? ORDER BY rowid");
  statement.bind(1, run_id);
  statement.bind(2, layer);
  std::vector<SiteTraining> sites;
  while (statement.executeStep()) {
    sites.push_back({.site = statement.getColumn(2).getString(),
                     .error_before = real(statement.getColumn(3)),
                     .error_after = real(statement.getColumn(4)),
                     .condition = real(statement.getColumn(5)),
                     .inverse_deviation = real(statement.getColumn(6))});
  }
  return sites;
}

}  // namespace

void insert_block_trainings(SQLite::Database& database, const std::vector<BlockTraining>& trainings, int64_t run_id) {
  SQLite::Statement blocks(database, "INSERT INTO block_trainings VALUES (?,?,?,?,?,?,?,?,?,?)");
  SQLite::Statement sites(database, "INSERT INTO site_trainings VALUES (?,?,?,?,?,?,?)");
  for (const auto& t : trainings) {
    insert(blocks, run_id, t.layer, t.precision, t.epochs, t.rescues, static_cast<int>(t.stopped_early), t.loss_start,
           t.loss_end, Json(t.epoch_losses).dump(), Json(t.warnings).dump());
    for (const auto& s : t.sites)
      insert(sites, run_id, t.layer, s.site, s.error_before, s.error_after, s.condition, s.inverse_deviation);
  }
}

std::vector<BlockTraining> select_block_trainings(SQLite::Database& database, int64_t run_id) {
  SQLite::Statement statement(database, "SELECT * FROM block_trainings WHERE run_id = ? ORDER BY rowid");
  statement.bind(1, run_id);
  std::vector<BlockTraining> trainings;
  while (statement.executeStep()) {
    const int layer = statement.getColumn(1).getInt();
    trainings.push_back({.layer = layer,
                         .precision = statement.getColumn(2).getString(),
                         .epochs = statement.getColumn(3).getInt64(),
                         .rescues = statement.getColumn(4).getInt64(),
                         .stopped_early = statement.getColumn(5).getInt() != 0,
                         .loss_start = real(statement.getColumn(6)),
                         .loss_end = real(statement.getColumn(7)),
                         .epoch_losses = numbers_of(statement.getColumn(8).getString()),
                         .sites = select_sites(database, run_id, layer),
                         .warnings = Json::parse(statement.getColumn(9).getString()).get<std::vector<std::string>>()});
  }
  return trainings;
}

}  // namespace freeact
