#include "store/schema.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <array>

#include "store/views.h"
#include "util/error.h"

namespace freeact {
namespace {

// "FrAc": tells our files from other programs' databases.
constexpr int kApplicationId = 0x46724163;

// migrations[v] brings version v to v + 1. Never edit an entry that was released: append.
constexpr std::array kMigrations = {
    R"sql(
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, experiment TEXT NOT NULL, model TEXT NOT NULL,
  method TEXT NOT NULL, bits TEXT NOT NULL, seed INTEGER NOT NULL, resolved_config TEXT NOT NULL,
  source_version TEXT NOT NULL, checkpoint_hash TEXT NOT NULL);
CREATE TABLE circumstances (
  run_id INTEGER PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE, machine TEXT NOT NULL, started_at TEXT NOT NULL,
  calibration_s REAL, evaluation_s REAL);
CREATE TABLE metrics (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, task TEXT NOT NULL, task_version INTEGER NOT NULL,
  name TEXT NOT NULL, "group" TEXT NOT NULL, value REAL, standard_error REAL, count INTEGER NOT NULL,
  higher_is_better INTEGER NOT NULL, unit TEXT NOT NULL, UNIQUE (run_id, task, name, "group"));
CREATE TABLE samples (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, task TEXT NOT NULL, "index" INTEGER NOT NULL,
  input_hash TEXT NOT NULL, output TEXT NOT NULL, score REAL, UNIQUE (run_id, task, "index"));
)sql",
    R"sql(
CREATE TABLE layer_errors (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, layer INTEGER NOT NULL, site TEXT NOT NULL,
  token_type TEXT NOT NULL, relative_error REAL, tokens INTEGER NOT NULL,
  UNIQUE (run_id, layer, site, token_type));
)sql",
    R"sql(
CREATE TABLE latencies (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, baseline TEXT NOT NULL, model TEXT NOT NULL,
  checkpoint_hash TEXT NOT NULL, backend TEXT NOT NULL, unit TEXT NOT NULL, clock TEXT NOT NULL, median_s REAL,
  p10_s REAL, p90_s REAL, count INTEGER NOT NULL, ratio REAL, ratio_low REAL, ratio_high REAL, accuracy REAL,
  accuracy_kind TEXT NOT NULL, statistics TEXT NOT NULL, seed INTEGER NOT NULL, machine TEXT NOT NULL,
  threads INTEGER NOT NULL, flags TEXT NOT NULL, cpu_clock TEXT NOT NULL, source_version TEXT NOT NULL,
  measured_at TEXT NOT NULL);
)sql",
    R"sql(
CREATE TABLE activation_statistics (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, layer INTEGER NOT NULL, site TEXT NOT NULL,
  token_type TEXT NOT NULL, tokens INTEGER NOT NULL, width INTEGER NOT NULL, effective_rank REAL,
  dims_99 INTEGER NOT NULL, mean_share REAL, absmax REAL, channel_ratio REAL, crest REAL, kurtosis REAL,
  UNIQUE (run_id, layer, site, token_type));
CREATE TABLE training_curves (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, recipe_hash TEXT NOT NULL, steps INTEGER NOT NULL, machine TEXT NOT NULL,
  source_version TEXT NOT NULL, UNIQUE (recipe_hash, name));
CREATE TABLE training_points (
  curve_id INTEGER NOT NULL REFERENCES training_curves(id) ON DELETE CASCADE, step INTEGER NOT NULL, seconds REAL,
  tokens INTEGER NOT NULL, losses TEXT NOT NULL, metrics TEXT NOT NULL, PRIMARY KEY (curve_id, step));
)sql",
    R"sql(
CREATE TABLE gallery_items (
  id INTEGER PRIMARY KEY, task TEXT NOT NULL, "index" INTEGER NOT NULL, content_hash TEXT NOT NULL,
  input_hash TEXT NOT NULL, question TEXT NOT NULL, expected TEXT NOT NULL, image_png BLOB NOT NULL,
  UNIQUE (task, "index", content_hash));
CREATE TABLE run_gallery (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  item_id INTEGER NOT NULL REFERENCES gallery_items(id), UNIQUE (run_id, item_id));
)sql",
    R"sql(
CREATE TABLE streams (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, experiment TEXT NOT NULL, model TEXT NOT NULL,
  method TEXT NOT NULL, bits TEXT NOT NULL, seed INTEGER NOT NULL, shift_at INTEGER NOT NULL,
  resolved_config TEXT NOT NULL, source_version TEXT NOT NULL, checkpoint_hash TEXT NOT NULL, machine TEXT NOT NULL,
  started_at TEXT NOT NULL, seconds REAL);
CREATE TABLE stream_points (
  stream_id INTEGER NOT NULL REFERENCES streams(id) ON DELETE CASCADE, arm TEXT NOT NULL, "window" INTEGER NOT NULL,
  data TEXT NOT NULL, layer INTEGER NOT NULL, site TEXT NOT NULL, token_type TEXT NOT NULL, relative_error REAL,
  drift REAL, tokens INTEGER NOT NULL, UNIQUE (stream_id, arm, "window", layer, site, token_type));
)sql",
    R"sql(
CREATE TABLE block_trainings (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, layer INTEGER NOT NULL, precision TEXT NOT NULL,
  epochs INTEGER NOT NULL, rescues INTEGER NOT NULL, stopped_early INTEGER NOT NULL, loss_start REAL, loss_end REAL,
  epoch_losses TEXT NOT NULL, warnings TEXT NOT NULL, UNIQUE (run_id, layer));
CREATE TABLE site_trainings (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, layer INTEGER NOT NULL, site TEXT NOT NULL,
  error_before REAL, error_after REAL, condition REAL, inverse_deviation REAL, UNIQUE (run_id, layer, site));
)sql",
    R"sql(
ALTER TABLE layer_errors ADD COLUMN truncation REAL;
ALTER TABLE layer_errors ADD COLUMN activation_only REAL;
CREATE TABLE row_spaces (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, layer INTEGER NOT NULL, site TEXT NOT NULL,
  token_type TEXT NOT NULL, other_type TEXT NOT NULL, width INTEGER NOT NULL, dims INTEGER NOT NULL,
  other_dims INTEGER NOT NULL, shared_dims INTEGER NOT NULL, mean_cosine_squared REAL, largest_angle REAL,
  exclusive_dims INTEGER NOT NULL, own_energy REAL, other_energy REAL, other_output REAL,
  UNIQUE (run_id, layer, site, token_type, other_type));
CREATE TABLE solution_spaces (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, layer INTEGER NOT NULL, site TEXT NOT NULL,
  token_type TEXT NOT NULL, tokens INTEGER NOT NULL, width INTEGER NOT NULL, activation_rank INTEGER NOT NULL,
  weight_rank INTEGER NOT NULL, weakest_dims INTEGER NOT NULL, weakest_energy REAL, weakest_output REAL,
  unread_output REAL, UNIQUE (run_id, layer, site, token_type));
CREATE TABLE activation_surfaces (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, layer INTEGER NOT NULL, site TEXT NOT NULL,
  token_type TEXT NOT NULL, tokens INTEGER NOT NULL, channels INTEGER NOT NULL, token_bins INTEGER NOT NULL,
  channel_bins INTEGER NOT NULL, peak REAL NOT NULL, codes BLOB NOT NULL, UNIQUE (run_id, layer, site, token_type));
)sql",
    R"sql(
ALTER TABLE latencies ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE latencies ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE latencies ADD COLUMN goal TEXT NOT NULL DEFAULT '';
ALTER TABLE latencies ADD COLUMN opponents TEXT NOT NULL DEFAULT '[]';
ALTER TABLE latencies ADD COLUMN ceiling TEXT NOT NULL DEFAULT '';
ALTER TABLE latencies ADD COLUMN ceiling_fraction REAL;
ALTER TABLE latencies ADD COLUMN instruction_set TEXT NOT NULL DEFAULT '';
ALTER TABLE latencies ADD COLUMN peak_memory_mib REAL;
)sql",
    R"sql(
ALTER TABLE circumstances ADD COLUMN arm TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
ALTER TABLE metrics ADD COLUMN population INTEGER NOT NULL DEFAULT 0;
CREATE TABLE sample_details (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, task TEXT NOT NULL, "index" INTEGER NOT NULL,
  prompt TEXT NOT NULL, response TEXT NOT NULL, judged TEXT NOT NULL, tokens INTEGER NOT NULL, steps INTEGER NOT NULL,
  seconds REAL, UNIQUE (run_id, task, "index"));
)sql", kViewsOfVersion12, kUnmaskingOfVersion13,
    R"sql(
ALTER TABLE runs ADD COLUMN model_bytes INTEGER;
)sql",
};

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

}  // namespace

int newest_schema_version() {
  return static_cast<int>(kMigrations.size());
}

int checked_schema_version(SQLite::Database& database, const std::filesystem::path& path) {
  const int version = pragma(database, "user_version");
  const bool empty = database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
  if (!empty && pragma(database, "application_id") != kApplicationId)
    throw UserError("'{}' is a database of another program: name another file with --db", path.string());
  if (version > newest_schema_version())
    throw UserError("'{}' has schema version {}, but this program knows versions up to {}: use a newer freeact",
                    path.string(), version, newest_schema_version());
  return version;
}

void migrate(SQLite::Database& database, const std::filesystem::path& path) {
  // IMMEDIATE: two processes that open a new file at once must not both create the tables.
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  for (auto version = static_cast<size_t>(checked_schema_version(database, path)); version < kMigrations.size();
       ++version)
    database.exec(kMigrations[version]);
  database.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  database.exec(fmt::format("PRAGMA user_version = {}", newest_schema_version()));
  transaction.commit();
}

void throw_store_error(const SQLite::Exception& error, const std::filesystem::path& path) {
  const std::string file = path.string();
  switch (error.getErrorCode()) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      throw UserError("'{}' is no result database, or a damaged one ({}): name another file with --db", file,
                      error.what());
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw EnvironmentError("'{}' is held by another process: wait for it to end, then run the command again", file);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      throw EnvironmentError(
          "cannot open '{}' to write: the file or its folder is read-only or missing; check permissions", file);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
      throw EnvironmentError("cannot use '{}' ({}): check free space", file, error.what());
    default:
      throw Defect(fmt::format("store '{}': {}", file, error.what()));
  }
}

}  // namespace freeact
