// Connections to a result database.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <memory>

#include "store/schema.h"

namespace freeact {

std::unique_ptr<SQLite::Database> connect(const std::filesystem::path& path, int flags);

// As Store::open_for_reading: checked, brought up to date in a copy where it is older, and refusing changes.
std::unique_ptr<SQLite::Database> connect_for_reading(const std::filesystem::path& path);

// What SQLite throws in `work` becomes an error of ours that names the file.
template <typename Work>
auto guarded(const std::filesystem::path& path, Work&& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    throw_store_error(error, path);
  }
}

}  // namespace freeact
