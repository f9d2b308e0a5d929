#include "store/integrity.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <map>
#include <string>
#include <vector>

#include "store/connection.h"
#include "util/error.h"
#include "util/text.h"

namespace freeact {
namespace {

[[noreturn]] void throw_damaged(const std::filesystem::path& path, const std::string& fault) {
  throw UserError(
      "'{0}' is damaged ({1}): keep a copy; 'freeact merge {0} --into NEW.db' saves the runs in front of the damage, "
      "and the same experiments with --db NEW.db run what is missing",
      path.string(), replace_all(fault, "\n", " "));
}

// By table, such as "12 of samples without their runs".
std::vector<std::string> orphans(SQLite::Database& database) {
  std::map<std::pair<std::string, std::string>, int> counts;
  SQLite::Statement rows(database, "PRAGMA foreign_key_check");
  while (rows.executeStep()) ++counts[{rows.getColumn(0).getString(), rows.getColumn(2).getString()}];
  std::vector<std::string> parts;
  for (const auto& [tables, count] : counts)
    parts.push_back(fmt::format("{} of {} without their {}", count, tables.first, tables.second));
  return parts;
}

void check(SQLite::Database& database, const std::filesystem::path& path) {
  const std::string fault = database.execAndGet("PRAGMA integrity_check(1)").getString();
  if (fault != "ok") throw_damaged(path, fault);
  if (const auto found = orphans(database); !found.empty())
    throw UserError(
        "'{}' has rows that belong to nothing ({}), as a DELETE without 'PRAGMA foreign_keys = ON' leaves them: "
        "docs/database.md says how to remove them",
        path.string(), fmt::join(found, ", "));
}

}  // namespace

void check_integrity(const std::filesystem::path& path) {
  try {
    // Read and write where permitted: SQLite must roll back what a killed writer left before it can read.
    check(*connect(path, SQLite::OPEN_READWRITE), path);
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() == SQLITE_CORRUPT) throw_damaged(path, error.what());
    throw_store_error(error, path);
  }
}

}  // namespace freeact
