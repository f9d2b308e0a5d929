#include "store/token_analysis_rows.h"

#include "store/columns.h"

namespace freeact {
namespace {

void insert_surfaces(SQLite::Database& database, const std::vector<ActivationSurface>& surfaces, int64_t run_id) {
  SQLite::Statement statement(database, "INSERT INTO activation_surfaces VALUES (?,?,?,?,?,?,?,?,?,?)");
  for (const auto& s : surfaces) {
    statement.bind(10, s.codes.data(), static_cast<int>(s.codes.size()));
    insert(statement, run_id, s.layer, s.site, s.token_type, s.tokens, s.channels, s.token_bins, s.channel_bins,
           s.peak);
  }
}

}  // namespace

void insert_token_analysis(SQLite::Database& database, const RunRecord& run, int64_t run_id) {
  SQLite::Statement overlaps(database, "INSERT INTO row_spaces VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  for (const auto& r : run.row_spaces)
    insert(overlaps, run_id, r.layer, r.site, r.token_type, r.other_type, r.width, r.dims, r.other_dims, r.shared_dims,
           r.mean_cosine_squared, r.largest_angle, r.exclusive_dims, r.own_energy, r.other_energy, r.other_output);
  SQLite::Statement solutions(database, "INSERT INTO solution_spaces VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
  for (const auto& s : run.solution_spaces)
    insert(solutions, run_id, s.layer, s.site, s.token_type, s.tokens, s.width, s.activation_rank, s.weight_rank,
           s.weakest_dims, s.weakest_energy, s.weakest_output, s.unread_output);
  insert_surfaces(database, run.surfaces, run_id);
}

std::vector<RowSpaceOverlap> select_row_spaces(SQLite::Database& database, int64_t run_id) {
  SQLite::Statement statement(database, "SELECT * FROM row_spaces WHERE run_id = ? ORDER BY rowid");
  statement.bind(1, run_id);
  std::vector<RowSpaceOverlap> rows;
  while (statement.executeStep()) {
    rows.push_back({.layer = statement.getColumn(1).getInt(),
                    .site = statement.getColumn(2).getString(),
                    .token_type = statement.getColumn(3).getString(),
                    .other_type = statement.getColumn(4).getString(),
                    .width = statement.getColumn(5).getInt64(),
                    .dims = statement.getColumn(6).getInt64(),
                    .other_dims = statement.getColumn(7).getInt64(),
                    .shared_dims = statement.getColumn(8).getInt64(),
                    .mean_cosine_squared = real(statement.getColumn(9)),
                    .largest_angle = real(statement.getColumn(10)),
                    .exclusive_dims = statement.getColumn(11).getInt64(),
                    .own_energy = real(statement.getColumn(12)),
                    .other_energy = real(statement.getColumn(13)),
                    .other_output = real(statement.getColumn(14))});
  }
  return rows;
}

std::vector<SolutionSpace> select_solution_spaces(SQLite::Database& database, int64_t run_id) {
  SQLite::Statement statement(database, "SELECT * FROM solution_spaces WHERE run_id = ? ORDER BY rowid");
  statement.bind(1, run_id);
  std::vector<SolutionSpace> rows;
  while (statement.executeStep()) {
    rows.push_back({.layer = statement.getColumn(1).getInt(),
                    .site = statement.getColumn(2).getString(),
                    .token_type = statement.getColumn(3).getString(),
                    .tokens = statement.getColumn(4).getInt64(),
                    .width = statement.getColumn(5).getInt64(),
                    .activation_rank = statement.getColumn(6).getInt64(),
                    .weight_rank = statement.getColumn(7).getInt64(),
                    .weakest_dims = statement.getColumn(8).getInt64(),
                    .weakest_energy = real(statement.getColumn(9)),
                    .weakest_output = real(statement.getColumn(10)),
                    .unread_output = real(statement.getColumn(11))});
  }
  return rows;
}

std::vector<ActivationSurface> select_surfaces(SQLite::Database& database, int64_t run_id) {
  SQLite::Statement statement(database, "SELECT * FROM activation_surfaces WHERE run_id = ? ORDER BY rowid");
  statement.bind(1, run_id);
  std::vector<ActivationSurface> surfaces;
  while (statement.executeStep()) {
    surfaces.push_back({.layer = statement.getColumn(1).getInt(),
                        .site = statement.getColumn(2).getString(),
                        .token_type = statement.getColumn(3).getString(),
                        .tokens = statement.getColumn(4).getInt64(),
                        .channels = statement.getColumn(5).getInt64(),
                        .token_bins = statement.getColumn(6).getInt64(),
                        .channel_bins = statement.getColumn(7).getInt64(),
                        .peak = real(statement.getColumn(8)),
                        .codes = statement.getColumn(9).getString()});
  }
  return surfaces;
}

}  // namespace freeact
