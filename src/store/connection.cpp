#include "store/connection.h"

#include <SQLiteCpp/Backup.h>

#include "util/error.h"

namespace freeact {
namespace {

constexpr int kBusyTimeoutMs = 30'000;
constexpr const char* kTemporary = "";  // SQLite keeps it in a file of its own, which it deletes

std::unique_ptr<SQLite::Database> upgraded_copy(SQLite::Database& old, const std::filesystem::path& path) {
  auto copy = connect(kTemporary, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  SQLite::Backup(*copy, old).executeStep();
  migrate(*copy, path);
  return copy;
}

}  // namespace

std::unique_ptr<SQLite::Database> connect(const std::filesystem::path& path, int flags) {
  auto database = std::make_unique<SQLite::Database>(path.string(), flags, kBusyTimeoutMs);
  database->exec("PRAGMA foreign_keys = ON");
  return database;
}

std::unique_ptr<SQLite::Database> connect_for_reading(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path))
    throw UserError("no result database '{0}': 'freeact run EXPERIMENT --db {0}' makes one", path.string());
  return guarded(path, [&] {
    // Read and write where permitted: SQLite must roll back what a killed writer left before it can read.
    auto database = connect(path, SQLite::OPEN_READWRITE);
    if (checked_schema_version(*database, path) < newest_schema_version()) database = upgraded_copy(*database, path);
    database->exec("PRAGMA query_only = ON");
    return database;
  });
}

}  // namespace freeact
