// The tables of the store and how older files are brought up to date.
#pragma once

#include <filesystem>

namespace SQLite {
class Database;
class Exception;
}  // namespace SQLite

namespace freeact {

// The version this program writes, kept in PRAGMA user_version.
int newest_schema_version();

// Throws UserError when the file is not ours or was written by a newer program. Returns its version; 0: empty.
int checked_schema_version(SQLite::Database& database, const std::filesystem::path& path);

// Brings the file up to date in one transaction, and writes to it even when nothing is missing: a read-only file or
// folder shows now, not after hours of calibration.
void migrate(SQLite::Database& database, const std::filesystem::path& path);

// Says in one line, naming the file, what SQLite complained about.
[[noreturn]] void throw_store_error(const SQLite::Exception& error, const std::filesystem::path& path);

}  // namespace freeact
