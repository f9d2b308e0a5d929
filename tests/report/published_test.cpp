#include "report/published.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "benchmark_runs.h"
#include "report/format.h"
#include "report/tables.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<PublishedScore> shipped() {
  return read_published(std::filesystem::path(FREEACT_SOURCE_DIR) / "results" / "paper");
}

std::vector<RunRecord> llada_runs() {
  std::vector<RunRecord> records = {benchmark_run("none", 1), benchmark_run("flatquant", 1),
                                    benchmark_run("freeact", 1)};
  for (auto& run : records) {
    add_benchmark(run, "gsm8k", right_of(60, 100), 100);
    add_benchmark(run, "humaneval", right_of(50, 100), 100);
  }
  return records;
}

TEST(Published, TheShippedFilesHoldTableOneAndItsOrderOfMethods) {
  std::map<std::string, std::map<int, double>> averages;
  for (const auto& score : shipped()) {
    EXPECT_NE(method_label(score.method), score.method) << "not one of the suite's methods";
    EXPECT_TRUE(score.value >= 0 && score.value < 100 && !score.source.empty() && !score.settings.empty());
    if (score.task == "average") averages[score.model][method_rank(score.method)] = score.value;
  }
  ASSERT_EQ(averages.size(), 4U);
  for (const auto& [model, by_method] : averages) {
    ASSERT_EQ(by_method.size(), 6U) << model;
    const double flatquant = by_method.at(method_rank("flatquant")), freeact = by_method.at(method_rank("freeact"));
    EXPECT_TRUE(flatquant < freeact && freeact < by_method.at(0)) << model;
  }
}

TEST(Published, ThePapersAverageStandsBesideOursWithOurUncertainty) {
  const auto runs = numbered(llada_runs());
  const Table table = main_table(make_settings(runs)[0], shipped());
  ASSERT_EQ(table.columns.size(), 10U);
  EXPECT_EQ(table.columns[6], "Paper's average [%]");
  EXPECT_EQ(table.rows[2][6].text, "51.01");
  EXPECT_EQ(table.rows[2][7].text, "+4.0");  // 55 - 51.01
  EXPECT_THAT(table.rows[2][7].note, HasSubstr("−2.9 to +10.6"));
  EXPECT_THAT(table.caption, HasSubstr("six benchmarks, not named"));
  EXPECT_EQ(table.columns.back(), "Runs");
}

TEST(Published, ModelsAndBitWidthsNobodyPublishedGetNothing) {
  auto tiny = llada_runs(), other_bits = llada_runs();
  for (auto& run : tiny) run.model = "llada_tiny";
  for (auto& run : other_bits) run.bits = "W3A3";
  const auto tiny_runs = numbered(tiny), other_runs = numbered(other_bits);
  EXPECT_EQ(main_table(make_settings(tiny_runs)[0], shipped()).columns.size(), 8U);
  EXPECT_FALSE(published_table(make_settings(tiny_runs)[0], shipped()).has_value());
  const Table table = main_table(make_settings(other_runs)[0], shipped());
  EXPECT_EQ(table.rows[0][6].text, "53.03");  // the 16-bit model has the same average at every bit width
  EXPECT_EQ(table.rows[2][6].text, kMissing);
}

TEST(Published, ASingleTaskIsNotHeldAgainstAnAverage) {
  auto records = llada_runs();
  for (auto& run : records) std::erase_if(run.metrics, [](const Metric& metric) { return metric.task != "gsm8k"; });
  const auto runs = numbered(records);
  const Table table = main_table(make_settings(runs)[0], shipped());
  EXPECT_EQ(table.rows[2][4].text, "51.01");
  EXPECT_EQ(table.rows[2][5].text, kMissing);
}

TEST(Published, ScoresOfATaskAreShownForItsVariantsAndTheirOwnMethod) {
  const std::vector<PublishedScore> scores = {
      {"llada_8b_base", "none", "16-bit", "gsm8k", 70.3, "gen 1024", "LLaDA"},
      {"llada_8b", "freeact", "W4A4", "gsm8k", 34.6, "not stated", "a paper"},
      {"llada_8b", "freeact", "W3A3", "gsm8k", 30, "other bits", "a paper"},
      {"dream_7b", "none", "16-bit", "gsm8k", 77.2, "another model", "Dream"},
      {"llada_8b", "none", "16-bit", "gsm", 1, "another task", "LLaDA"},
  };
  auto records = llada_runs();
  for (auto& run : records)
    for (auto& metric : run.metrics) metric.task = metric.task == "gsm8k" ? "gsm8k/cot" : metric.task;
  const auto runs = numbered(records);
  const Table table = *published_table(make_settings(runs)[0], scores);
  std::vector<std::string> settings;
  for (const auto& row : table.rows) settings.push_back(row[2].note);
  EXPECT_THAT(settings, ElementsAre("gen 1024", "not stated"));
  EXPECT_EQ(table.rows[0][0].text, "gsm8k/cot");
  EXPECT_EQ(table.rows[0][5].text, "−10.3");
}

TEST(Published, ABrokenRowNamesItsFile) {
  std::string pattern = (std::filesystem::temp_directory_path() / "freeact_published_XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  EXPECT_TRUE(read_published(folder).empty());
  write_file_atomically(folder / "mine.json", R"({"scores": [{"model": "a", "valeu": 3}]})");
  try {
    read_published(folder);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("mine.json"), HasSubstr("scores[0].valeu")));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace freeact
