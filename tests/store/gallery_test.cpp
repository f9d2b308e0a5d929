#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "older_file.h"
#include "store/store.h"

namespace freeact {
namespace {

GalleryItem item(int64_t index, const std::string& question = "what colour?") {
  return {.task = "shapes",
          .index = index,
          .input_hash = "h" + std::to_string(index),
          .question = question,
          .expected = "red",
          .image_png = std::string("\x89PNG\r\n\x1a\n\0'\xff", 11)};  // a picture has any byte
}

RunRecord run_with(const std::string& key, const std::vector<GalleryItem>& gallery) {
  RunRecord run;
  run.key = key;
  run.experiment = "pictures";
  run.gallery = gallery;
  return run;
}

class GalleryStore : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "freeact_gallery_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ / "results.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  int items_stored() const {
    return SQLite::Database(path_.string()).execAndGet("SELECT count(*) FROM gallery_items").getInt();
  }

  std::filesystem::path folder_, path_;
};

TEST_F(GalleryStore, KeepsEveryByteInTheOrderGiven) {
  GalleryItem bare = item(1);
  bare.image_png.clear();
  const RunRecord run = run_with("k", {item(2), bare, item(0)});
  auto store = Store::open_for_writing(path_);
  EXPECT_EQ(store.load(store.add(run)), run);
}

TEST_F(GalleryStore, ItemsOfManyRunsAreStoredOnce) {
  auto store = Store::open_for_writing(path_);
  for (int i = 0; i < 5; ++i) store.add(run_with("k" + std::to_string(i), {item(0), item(1)}));
  EXPECT_EQ(items_stored(), 2);
  EXPECT_EQ(store.load(5).gallery, (std::vector{item(0), item(1)}));
}

TEST_F(GalleryStore, ItemsThatDifferInAnythingStandBesideEachOther) {
  auto store = Store::open_for_writing(path_);
  const RunRecord first = run_with("a", {item(0)}), second = run_with("b", {item(0, "what shape?")});
  GalleryItem moved = item(0);  // the same texts, cut elsewhere
  moved.question = "what colour?r";
  moved.expected = "ed";
  const RunRecord third = run_with("c", {moved});
  for (const auto& run : {first, second, third}) EXPECT_EQ(store.load(store.add(run)), run);
  EXPECT_EQ(items_stored(), 3);
}

TEST_F(GalleryStore, AReplacedRunLeavesNoItemsThatNobodyShows) {
  auto store = Store::open_for_writing(path_);
  store.add(run_with("a", {item(0), item(1)}));
  store.add(run_with("b", {item(1)}));
  store.add(run_with("a", {item(2)}), true);
  EXPECT_EQ(items_stored(), 2);
  EXPECT_EQ(store.load(1).gallery, std::vector{item(2)});
  EXPECT_EQ(store.load(2).gallery, std::vector{item(1)});
}

TEST_F(GalleryStore, IsNoPartOfTheResultsDigest) {
  auto store = Store::open_for_writing(path_);
  store.add(run_with("a", {}));
  const std::string digest = store.results_digest();
  store.add(run_with("a", {item(0)}), true);
  EXPECT_EQ(store.results_digest(), digest);
}

TEST_F(GalleryStore, AFileOfVersionFourGetsTheTablesAndKeepsItsRuns) {
  Store::open_for_writing(path_).add(run_with("old", {}));
  take_back_to_version(path_, 4);
  EXPECT_TRUE(Store::open_for_reading(path_).load(1).gallery.empty());
  auto store = Store::open_for_writing(path_);
  const RunRecord run = run_with("new", {item(0)});
  EXPECT_EQ(store.load(store.add(run)), run);
  EXPECT_TRUE(store.has("old"));
}

}  // namespace
}  // namespace freeact
