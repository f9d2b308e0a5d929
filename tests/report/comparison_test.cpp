#include "report/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "benchmark_runs.h"
#include "report/format.h"
#include "report/render.h"
#include "report/summary.h"
#include "report/tables.h"

namespace freeact {
namespace {

using testing::Contains;
using testing::HasSubstr;

// Perplexity as eval/perplexity.h reports it: scores linearised at the mean, so that theirs is the metric.
RunRecord perplexity_run(const std::string& method, uint64_t seed, const std::vector<double>& nlls) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.samples.clear();
  const double mean_nll = mean(nlls), perplexity = std::exp(mean_nll);
  for (size_t i = 0; i < nlls.size(); ++i)
    run.samples.push_back(
        {"text", static_cast<int64_t>(i), "segment" + std::to_string(i), "", perplexity * (1 + nlls[i] - mean_nll)});
  run.metrics = {{"text", 1, "perplexity", "", perplexity, 0.2 * perplexity, std::ssize(nlls), false, "ppl"}};
  return run;
}

const std::vector<double> kSegments = {2.1, 3.4, 2.7, 3.9, 3.0, 2.4, 3.3, 2.9};

std::vector<double> harder_by(double nats) {
  std::vector<double> nlls = kSegments;
  for (double& nll : nlls) nll += nats;
  return nlls;
}

TEST(PerplexityComparison, PairsTheSegmentsByTheirLogLikelihoods) {
  // Every segment is worse by the same 0.1 nats, while the segments themselves differ by much more.
  const auto runs = numbered({perplexity_run("flatquant", 1, kSegments), perplexity_run("freeact", 1, harder_by(0.1))});
  const auto settings = make_settings(runs);
  const Comparison comparison =
      compare(*find_arm(settings[0], "freeact"), *find_arm(settings[0], "flatquant"), settings[0].columns.at(0));
  EXPECT_NEAR(comparison.difference, 0.1, 1e-12);
  ASSERT_TRUE(comparison.paired_items);
  EXPECT_NEAR(comparison.by_item.low, 0.1, 1e-9);
  EXPECT_NEAR(comparison.by_item.high, 0.1, 1e-9);
  EXPECT_TRUE(comparison.worse());
  EXPECT_EQ(difference_text(comparison), "+0.1000 nats");
  EXPECT_EQ(ratio_text(comparison), "× 1.105");
}

TEST(PerplexityComparison, WithoutSegmentsStandardErrorsAreThoseOfTheLogarithm) {
  auto worse = perplexity_run("freeact", 1, harder_by(2)), reference = perplexity_run("flatquant", 1, kSegments);
  worse.samples.clear();
  const auto runs = numbered({reference, worse});
  const auto settings = make_settings(runs);
  const Comparison comparison =
      compare(*find_arm(settings[0], "freeact"), *find_arm(settings[0], "flatquant"), settings[0].columns.at(0));
  EXPECT_FALSE(comparison.paired_items);
  EXPECT_NEAR(comparison.by_item.half_width(), 1.96 * std::sqrt(2 * 0.2 * 0.2), 1e-4);  // relative errors of 0.2
}

TEST(PerplexityComparison, PerplexityAloneComparesAllMethodsAndIsAFinding) {
  std::vector<RunRecord> records;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const double shift = 0.001 * static_cast<double>(seed);
    records.push_back(perplexity_run("flatquant", seed, kSegments));
    records.push_back(perplexity_run("freeact", seed, harder_by(-0.05 + shift)));
    records.push_back(perplexity_run("rtn", seed, harder_by(4 + shift)));
  }
  const auto runs = numbered(records);
  const auto settings = make_settings(runs);
  const auto all = comparisons(settings[0]);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(verdict_text(all[0]), "lower (better)");
  EXPECT_EQ(all[1].arm->method, "rtn");
  EXPECT_EQ(verdict_text(all[1]), "higher (worse)");
  EXPECT_THAT(findings(settings[0], all),
              Contains(HasSubstr("text, log perplexity: FreeAct minus FlatQuant is −0.0480 nats (× 0.953)")));
  EXPECT_THAT(render_markdown({.title = "t", .blocks = {difference_table(settings[0], all)}}),
              HasSubstr("| text, log perplexity | +4.0020 nats (× 54.707) |"));
}

TEST(PerplexityComparison, APerplexityThatIsNotANumberIsCalledThat) {
  auto broken = perplexity_run("freeact", 1, kSegments);
  broken.metrics[0].value = std::nan("");
  const auto runs = numbered({perplexity_run("flatquant", 1, kSegments), broken});
  const auto settings = make_settings(runs);
  const auto all = comparisons(settings[0]);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(verdict_text(all[0]), "not a number");
}

// Answers of two methods to the same items, a list for each seed.
std::vector<Run> answers(const std::vector<std::vector<double>>& flatquant,
                         const std::vector<std::vector<double>>& freeact) {
  std::vector<RunRecord> records;
  for (const bool own : {false, true}) {
    uint64_t seed = 0;
    for (const auto& scores : own ? freeact : flatquant) {
      records.push_back(benchmark_run(own ? "freeact" : "flatquant", ++seed));
      add_benchmark(records.back(), "gsm8k", scores, 0);
    }
  }
  return numbered(records);
}

TEST(McNemar, SeedsThatRepeatEachOtherAreNoMoreEvidence) {
  const std::vector<double> worse = right_of(2, 12), better = right_of(9, 12);
  for (const size_t seeds : {1U, 3U}) {
    const auto runs = answers(std::vector(seeds, worse), std::vector(seeds, better));
    const auto settings = make_settings(runs);
    const auto all = comparisons(settings[0]);
    ASSERT_TRUE(all.at(0).discordance.has_value());
    EXPECT_EQ(all[0].discordance->arm, 7);
    EXPECT_EQ(all[0].discordance->reference, 0);
    EXPECT_NEAR(all[0].p_value, 2.0 / 128, 1e-12);
  }
}

TEST(McNemar, AnItemCountsForTheMethodThatIsRightInMoreSeeds) {
  const auto runs = answers({{1, 0, 1, 0}, {1, 0, 1, 0}, {0, 0, 1, 1}}, {{0, 1, 1, 1}, {0, 1, 0, 0}, {0, 1, 1, 0}});
  const auto settings = make_settings(runs);
  const Comparison comparison = comparisons(settings[0]).at(0);
  EXPECT_EQ(comparison.discordance->arm, 1);        // the second; the fourth is even
  EXPECT_EQ(comparison.discordance->reference, 2);  // the first and the third
}

TEST(McNemar, TheTableSaysHowManyTestsItsValuesAreAdjustedFor) {
  auto records = std::vector{benchmark_run("flatquant", 1), benchmark_run("freeact", 1), benchmark_run("rtn", 1)};
  for (size_t i = 0; i < records.size(); ++i) {
    add_benchmark(records[i], "gsm8k", right_of(std::array{2, 9, 1}[i], 12), 0);
    records[i].metrics.push_back({"gsm8k", 1, "nll", "", 0.1, 0.01, 12, false, "nats"});
  }
  const auto runs = numbered(records);
  const auto settings = make_settings(runs);
  const auto all = comparisons(settings[0]);  // FreeAct and RTN, accuracy and NLL
  const Table table = difference_table(settings[0], all);
  EXPECT_THAT(table.caption, HasSubstr("for the 2 tests of this table's 4 comparisons"));
  ASSERT_EQ(table.columns[6], "McNemar's p (Holm)");
  EXPECT_EQ(table.rows[0][6].text, "0.031");  // twice 2/128
  EXPECT_EQ(table.rows[0][6].note, "7 / 0 alone right");
  EXPECT_EQ(table.rows[1][6].text, kMissing);
  EXPECT_THAT(findings(settings[0], all), Contains(HasSubstr("McNemar's p 0.031")));
}

TEST(McNemar, PartlyRightAnswersAreNotTested) {
  const auto runs = answers({{0.5, 0, 1}}, {{1, 1, 1}});
  const auto settings = make_settings(runs);
  const auto all = comparisons(settings[0]);
  EXPECT_FALSE(all.at(0).discordance.has_value());
  EXPECT_TRUE(all[0].paired_items);
  EXPECT_THAT(difference_table(settings[0], all).columns, testing::Not(Contains("McNemar's p (Holm)")));
}

TEST(BlindGuess, StandsBesideTheAccuracyAndIsNoMetricOfItsOwn) {
  RunRecord run = plausible_run({"rtn", 1, 0.1, 0, true}, "W4A4", 1, 1);
  run.metrics = {{"shapes", 1, "blind_guess", "", 67.25, 1, 100, true, "%"},
                 {"shapes", 1, "relaxed_accuracy", "", 91, 1, 100, true, "%"},
                 {"sort", 1, "exact_match", "", 80, 1, 100, true, "%"}};
  const auto runs = numbered({run});
  const Table table = main_table(make_settings(runs)[0]);
  EXPECT_THAT(table.columns,
              testing::IsSupersetOf({"shapes [%] ↑ (blind guess 67.2)", "sort [%] ↑", "Average accuracy [%] ↑"}));
}

}  // namespace
}  // namespace freeact
