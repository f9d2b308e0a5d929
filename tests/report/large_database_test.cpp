#include "large_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <set>

#include "report/page_limits.h"
#include "report/report.h"
#include "sample_scripts.h"
#include "util/files.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::Not;

// Writes the database that docs/report.md speaks of, for whoever measures the report.
TEST(LargeDatabase, IsWrittenWhereFreeactLargeDatabaseSays) {
  const char* path = std::getenv("FREEACT_LARGE_DATABASE");
  if (path == nullptr) GTEST_SKIP() << "FREEACT_LARGE_DATABASE=FILE names the database to write, of about 1.1 GB";
  auto store = Store::open_for_writing(path);
  fill(store, {});
  EXPECT_EQ(store.runs().size(), static_cast<size_t>(LargeDatabase{}.runs()));
}

TEST(LargeDatabase, ItsReportKeepsThePageSmallAndEverySampleBesideIt) {
  std::string pattern = (std::filesystem::temp_directory_path() / "freeact_large_XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const LargeDatabase size{.models = 2, .bit_widths = 2, .variants = 2, .seeds = 5, .items = 24, .layers = 4};
  auto store = Store::open_for_writing(folder / "large.db");
  fill(store, size);
  write_report(store, {.out_dir = folder});
  EXPECT_LT(std::filesystem::file_size(folder / "report.html"), 4U << 20);
  const auto groups = read_sample_scripts(folder);
  EXPECT_EQ(groups.size(), static_cast<size_t>(2 * 4));
  std::map<int64_t, int64_t> answers;  // by run
  for (const auto& group : groups)
    for (const auto& item : group.texts)
      for (const auto& answer : item.at("answers"))
        ++answers[group.rows.at("runs").at(answer[0].get<size_t>()).at("id").get<int64_t>()];
  ASSERT_EQ(answers.size(), static_cast<size_t>(size.runs()));
  for (const auto& [run, count] : answers) EXPECT_EQ(count, 4 * size.items) << "run " << run;
  std::filesystem::remove_all(folder);
}

TEST(PageLimits, FiguresPastTheLimitBecomeLinksAndTooltipsGiveWayToAFile) {
  ReportDocument document;
  for (const char* name : {"first", "second"})
    document.blocks.push_back(Figure{.name = name, .caption = "errors", .svg = std::string(4 << 20, 'x')});
  Table table{.name = "runs", .title = "Runs", .caption = "All.", .columns = {"Run"}, .rows = {{text_cell("7")}}};
  document.blocks.push_back(table);
  table.rows[0][0].tooltip = std::string(3 << 20, 'x');
  document.blocks.push_back(table);
  const auto limited = within_limits(document);
  EXPECT_EQ(std::get<Figure>(limited.blocks[0]).name, "first");
  EXPECT_EQ(std::get<Link>(limited.blocks[1]).file, "figures/second.svg");
  EXPECT_THAT(std::get<Link>(limited.blocks[1]).text, HasSubstr("errors"));
  EXPECT_THAT(std::get<Table>(limited.blocks[2]).caption, Not(HasSubstr("configurations.txt")));
  EXPECT_THAT(std::get<Table>(limited.blocks[3]).caption, HasSubstr("configurations.txt"));
  EXPECT_EQ(std::get<Table>(limited.blocks[3]).rows[0][0].tooltip, "");
}

}  // namespace
}  // namespace freeact
