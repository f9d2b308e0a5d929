// Gallery items to the tables and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <vector>

#include "store/record.h"

namespace freeact {

// Links the run to its items; one that another run has brought is not stored again. The caller holds the transaction.
void insert_gallery(SQLite::Database& database, const std::vector<GalleryItem>& gallery, int64_t run_id);

// In the order they were given.
std::vector<GalleryItem> select_gallery(SQLite::Database& database, int64_t run_id);

// Takes out items that no run shows any more; a deleted run leaves such behind.
void drop_unused_gallery(SQLite::Database& database);

}  // namespace freeact
