// Files as older versions of the program wrote them.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>

#include "store/schema.h"

namespace freeact {

// undo[v]: takes back what brought version v + 1 to v + 2. A new migration appends its own.
inline constexpr std::array kUndo = {
    "DROP TABLE layer_errors",
    "DROP TABLE latencies",
    "DROP TABLE training_points; DROP TABLE training_curves; DROP TABLE activation_statistics",
    "DROP TABLE run_gallery; DROP TABLE gallery_items",
    "DROP TABLE stream_points; DROP TABLE streams",
    "DROP TABLE site_trainings; DROP TABLE block_trainings",
    "ALTER TABLE layer_errors DROP COLUMN truncation; ALTER TABLE layer_errors DROP COLUMN activation_only; "
    "DROP TABLE row_spaces; DROP TABLE solution_spaces; DROP TABLE activation_surfaces",
    "ALTER TABLE latencies DROP COLUMN note; ALTER TABLE latencies DROP COLUMN dropped; "
    "ALTER TABLE latencies DROP COLUMN goal; ALTER TABLE latencies DROP COLUMN opponents; "
    "ALTER TABLE latencies DROP COLUMN ceiling; ALTER TABLE latencies DROP COLUMN ceiling_fraction; "
    "ALTER TABLE latencies DROP COLUMN instruction_set; ALTER TABLE latencies DROP COLUMN peak_memory_mib",
    "ALTER TABLE circumstances DROP COLUMN arm",
    "DROP TABLE sample_details; ALTER TABLE metrics DROP COLUMN population",
    "DROP VIEW scores; DROP VIEW answers; DROP VIEW layer_error; DROP VIEW latency",
    "DROP VIEW answers; DROP TABLE unmaskings; CREATE VIEW answers AS SELECT 1 AS run",
    "ALTER TABLE runs DROP COLUMN model_bytes",
};

// Makes a file of the newest version one of an older version.
inline void take_back_to_version(const std::filesystem::path& path, int version) {
  ASSERT_EQ(newest_schema_version(), std::ssize(kUndo) + 1) << "a new migration needs its line in kUndo";
  SQLite::Database database(path.string(), SQLite::OPEN_READWRITE);
  for (int v = newest_schema_version() - 1; v >= version; --v) database.exec(kUndo[static_cast<size_t>(v - 1)]);
  database.exec("PRAGMA user_version = " + std::to_string(version));
}

}  // namespace freeact
