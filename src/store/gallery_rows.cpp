#include "store/gallery_rows.h"

#include <fmt/format.h>

#include "store/columns.h"
#include "util/hash.h"

namespace freeact {
namespace {

// Lengths before texts: no two items share a hash because of where one text ends.
std::string content_hash(const GalleryItem& item) {
  std::string content;
  for (const auto* part : {&item.input_hash, &item.question, &item.expected, &item.image_png})
    content += fmt::format("{}:{},", part->size(), *part);
  return sha256(content);
}

int64_t item_id(SQLite::Database& database, const GalleryItem& item) {
  const std::string hash = content_hash(item);
  SQLite::Statement statement(database, "INSERT OR IGNORE INTO gallery_items VALUES (NULL,?,?,?,?,?,?,?)");
  int index = 0;
  statement.bind(++index, item.task);
  statement.bind(++index, item.index);
  for (const auto* text : {&hash, &item.input_hash, &item.question, &item.expected}) statement.bind(++index, *text);
  statement.bind(++index, item.image_png.data(), static_cast<int>(item.image_png.size()));
  statement.exec();
  SQLite::Statement query(database,
                          "SELECT id FROM gallery_items WHERE task = ? AND \"index\" = ? AND content_hash = ?");
  query.bind(1, item.task);
  query.bind(2, item.index);
  query.bind(3, hash);
  query.executeStep();
  return query.getColumn(0).getInt64();
}

}  // namespace

void insert_gallery(SQLite::Database& database, const std::vector<GalleryItem>& gallery, int64_t run_id) {
  SQLite::Statement statement(database, "INSERT INTO run_gallery VALUES (?,?)");
  for (const auto& item : gallery) insert(statement, run_id, item_id(database, item));
}

std::vector<GalleryItem> select_gallery(SQLite::Database& database, int64_t run_id) {
  SQLite::Statement statement(database,
                              "SELECT task, \"index\", input_hash, question, expected, image_png FROM run_gallery "
                              "JOIN gallery_items ON id = item_id WHERE run_id = ? ORDER BY run_gallery.rowid");
  statement.bind(1, run_id);
  std::vector<GalleryItem> gallery;
  while (statement.executeStep()) {
    gallery.push_back({.task = statement.getColumn(0).getString(),
                       .index = statement.getColumn(1).getInt64(),
                       .input_hash = statement.getColumn(2).getString(),
                       .question = statement.getColumn(3).getString(),
                       .expected = statement.getColumn(4).getString(),
                       .image_png = statement.getColumn(5).getString()});
  }
  return gallery;
}

void drop_unused_gallery(SQLite::Database& database) {
  database.exec("DELETE FROM gallery_items WHERE id NOT IN (SELECT item_id FROM run_gallery)");
}

}  // namespace freeact
