// docs/database.md against a database: its queries as they stand, every table and every column of a view.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <set>

#include "older_file.h"
#include "store/store.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

const std::set<std::string> kViews = {"answers", "latency", "layer_error", "scores"};

RunRecord run_of(const std::string& arm, double accuracy) {
  return {.key = arm,
          .experiment = "smoke",
          .model = "tiny",
          .method = "rtn",
          .bits = "W3A3",
          .seed = 7,
          .resolved_config = "",
          .source_version = "",
          .checkpoint_hash = "",
          .arm = arm,
          .machine = "",
          .started_at = "",
          .metrics = {{"sort", 1, "exact_match", "", 100 * accuracy, 1.5, 20, true, "%", 200}},
          .samples = {{"sort", 3, "ab", arm, accuracy, SampleDetails{"3 2 1=", "1 2 3!", "{}", 4, 2, 0.5}}},
          .layer_errors = {{0, "mlp.down", "mask", 0.03, 512, 0.01, 0.02}},
          .activations = {},
          .gallery = {},
          .unmaskings = {{"sort", 3, {{"1 2 3", 0}}}}};
}

// All that stands between the marks.
std::vector<std::string> between(const std::string& text, const std::string& begin, const std::string& end) {
  std::vector<std::string> parts;
  for (size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    parts.push_back(text.substr(at, text.find(end, at) - at));
    at += parts.back().size() + end.size();
  }
  return parts;
}

class DatabasePage : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "freeact_database_page" /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    auto store = Store::open_for_writing(path());
    store.add(run_of("rtn", 0));
    store.add(run_of("rtn_clipped", 1));
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path path() const { return folder_ / "results.db"; }
  SQLite::Database open() const { return {path().string(), SQLite::OPEN_READONLY}; }

  const std::string page_ = read_file(fs::path(FREEACT_SOURCE_DIR) / "docs/database.md");

 private:
  fs::path folder_;
};

std::vector<std::string> first_row(SQLite::Database& database, const std::string& query) {
  SQLite::Statement rows(database, query);
  std::vector<std::string> row;
  if (rows.executeStep())
    for (int i = 0; i < rows.getColumnCount(); ++i) row.push_back(rows.getColumn(i).getString());
  return row;
}

TEST_F(DatabasePage, ItsQueriesGiveWhatItSays) {
  auto database = open();
  const auto queries = between(page_, "```sql\n", "```");
  ASSERT_EQ(queries.size(), 2);
  EXPECT_EQ(first_row(database, queries[0]),
            (std::vector<std::string>{"tiny", "W3A3", "rtn_clipped", "sort", "exact_match", "100.0", "1", "%"}));
  EXPECT_EQ(first_row(database, queries[1]), (std::vector<std::string>{"sort", "3", "7", "rtn_clipped", "rtn", "rtn"}));
  const auto of_pandas = between(page_, "\"\"\"", "\"\"\"");
  ASSERT_EQ(of_pandas.size(), 1);
  EXPECT_EQ(first_row(database, of_pandas[0]), (std::vector<std::string>{"rtn", "0", "mlp.down", "mask", "0.03"}));
}

TEST_F(DatabasePage, NamesEveryTableAndEveryColumnOfAView) {
  auto database = open();
  SQLite::Statement tables(database, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')");
  while (tables.executeStep()) {
    const std::string name = tables.getColumn(0).getString();
    EXPECT_NE(page_.find("`" + name + "`"), std::string::npos) << name;
    if (!kViews.contains(name)) continue;
    SQLite::Statement columns(database, "SELECT name FROM pragma_table_info('" + name + "')");
    while (columns.executeStep()) {
      const std::string column = columns.getColumn(0).getString();
      EXPECT_NE(page_.find("`" + column + "`"), std::string::npos) << name << "." << column;
    }
  }
}

TEST_F(DatabasePage, EveryViewHasItsRows) {
  LatencyRow latency;
  latency.median_s = 0.25;
  Store::open_for_writing(path()).add_latencies({latency});
  auto database = open();
  for (const auto& [view, rows] : {std::pair{"scores", 2}, {"answers", 2}, {"layer_error", 2}, {"latency", 1}})
    EXPECT_EQ(database.execAndGet(std::string("SELECT count(*) FROM ") + view).getInt(), rows) << view;
  EXPECT_EQ(database.execAndGet("SELECT median_ms FROM latency").getDouble(), 250);
  EXPECT_EQ(database.execAndGet("SELECT response FROM answers WHERE arm = 'rtn'").getString(), "1 2 3!");
  EXPECT_EQ(database.execAndGet("SELECT unmasking FROM answers WHERE arm = 'rtn'").getString(), R"([["1 2 3",0]])");
}

TEST_F(DatabasePage, ADatabaseOfTheFirstVersionGetsTheViewsAndNamesItsArmsByTheirMethods) {
  take_back_to_version(path(), 1);
  Store::open_for_writing(path());
  auto database = open();
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM scores WHERE arm = 'rtn'").getInt(), 2);
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM answers WHERE response IS NULL").getInt(), 2);
}

}  // namespace
}  // namespace freeact
