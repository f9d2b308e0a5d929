#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "bench/decode_sets.h"
#include "bench/run.h"
#include "bench/table.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

BenchSettings quick_settings() {
  BenchSettings settings;
  settings.datasets = std::filesystem::path(FREEACT_SOURCE_DIR) / "datasets";
  settings.num_items = 4;
  settings.timed_items = 2;
  settings.measure.rounds = 3;
  return settings;
}

std::vector<std::string> chosen_names(const std::string& filter) {
  BenchSettings settings = quick_settings();
  settings.filter = filter;
  std::vector<std::string> names;
  for (const auto& [group, rivals] : choose_benchmarks(settings))
    for (const auto& rival : rivals) names.push_back(group.name + "/" + rival);
  return names;
}

TEST(Choosing, EveryBenchmarkHasItsOwnName) {
  const auto names = chosen_names("");
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_THAT(names, testing::IsSupersetOf({"decode/puzzle_dllm/sort/dual+threshold0.9",
                                            "decode/puzzle_dllm/sudoku4x4/none", "decode/random_llada/prefix"}));
}

TEST(Choosing, TheBaselineComesAlongAndStandsFirst) {
  EXPECT_THAT(chosen_names("reverse/dual$"),
              ElementsAre("decode/puzzle_dllm/reverse/none", "decode/puzzle_dllm/reverse/dual"));
}

TEST(Choosing, ACheckpointFolderGivesItsNameToItsBenchmarks) {
  BenchSettings settings = quick_settings();
  settings.model = "some/where/my-model/";
  EXPECT_EQ(benchmark_groups(settings).front().name, "decode/my-model/sort");
}

TEST(Choosing, WrongFiltersAreRefused) {
  EXPECT_THAT([] { chosen_names("sorting"); }, ThrowsMessage<UserError>(HasSubstr("--list")));
  EXPECT_THAT([] { chosen_names("sort("); }, ThrowsMessage<UserError>(HasSubstr("regular expression")));
}

constexpr int64_t kMask = 9;

TEST(DecodeTasks, BlocksEndWithTheSequenceAndCoverTheAnswer) {
  // Two tokens of a prompt, five masks, an end that is given.
  const DecodeTask task = make_decode_task({1, 2, kMask, kMask, kMask, kMask, kMask, 3}, 2, 4, kMask);
  EXPECT_EQ(task.num_blocks, 2);
  EXPECT_EQ(task.region, 0);
  EXPECT_EQ(task.num_masks, 5);
  EXPECT_EQ(task.steps_per_block, 3);  // of the fuller block, one token a step
}

TEST(DecodeTasks, BlocksThatDoNotFitAreRefused) {
  for (const int64_t block : {0, 3, 6})  // two blocks of 3 need more than 5 tokens
    EXPECT_THAT(
        [&] {
          make_decode_task({1, kMask, kMask, kMask, kMask}, 1, block, kMask);
        },
        ThrowsMessage<UserError>(HasSubstr("--block-length")));
}

TEST(DecodeTasks, AutoregressiveModelsAreRefused) {
  Decoder model;
  model.config.family = "llama";
  EXPECT_THAT([&] { decode(model, {}, {}); }, ThrowsMessage<UserError>(HasSubstr("llama")));
}

TEST(DecodeTasks, DreamsSamplerDecodesInOneBlockAndInSeveral) {
  Decoder model = random_llada({.width = 16, .heads = 2, .layers = 1, .mlp_width = 32, .vocabulary = 32}, 1);
  model.config.sampler = "dream";
  std::vector<int64_t> ids = {1, 2, 3, 4};
  ids.insert(ids.end(), 8, model.config.mask_id);
  for (const int64_t block : {8, 4}) {
    const DecodeTask task = make_decode_task(ids, 4, block, model.config.mask_id);
    for (const DecodeRival& rival : decode_rivals()) {
      DecodeStatistics statistics;
      EXPECT_THAT(decode(model, task, rival.acceleration, &statistics), testing::Each(testing::Ne(31))) << rival.name;
      EXPECT_LE(statistics.positions, 8 * 12) << rival.name;
    }
  }
}

// A group whose times do not matter, with little to compute.
ChosenGroup tiny_group() {
  const RandomShape shape = {.width = 16,
                             .heads = 2,
                             .layers = 2,
                             .mlp_width = 32,
                             .vocabulary = 32,
                             .prompt = 24,
                             .answer = 16,
                             .block = 4,
                             .answers = 3};
  const std::vector<std::string> rivals = {"none", "prefix", "dual"};
  return {{"decode/tiny", "", rivals,
           [shape](const BenchSettings& settings, const std::vector<std::string>& names) {
             return decode_contest(random_set(settings, shape), names);
           }},
          rivals};
}

BenchReport run_quietly(const ChosenGroup& group, const BenchSettings& settings) {
  return run_group(group, settings, [](const std::string&) {});
}

TEST(Running, ReportsTimesAndWhatWasComputed) {
  const BenchReport report = run_quietly(tiny_group(), quick_settings());
  ASSERT_EQ(report.rows.size(), 3U);
  for (const LatencyRow& row : report.rows) {
    EXPECT_EQ(row.count, 3);
    EXPECT_GT(row.median_s, 0);
    EXPECT_LE(row.p10_s, row.median_s);
    EXPECT_GE(row.p90_s, row.median_s);
    EXPECT_LE(row.ratio_low, row.ratio);
    EXPECT_GE(row.ratio_high, row.ratio);
    EXPECT_EQ(row.baseline, "decode/tiny/none");
    EXPECT_EQ(row.statistics["answers"], 3);
    EXPECT_EQ(row.statistics["tokens"], 16);
    EXPECT_EQ(row.statistics["forward_passes"], 16);  // a token a step
    EXPECT_NEAR(row.statistics["tokens_per_s"].get<double>() * row.median_s, 16, 1e-9);
  }
  const LatencyRow &none = report.rows[0], &prefix = report.rows[1], &dual = report.rows[2];
  EXPECT_EQ(none.ratio, 1);
  EXPECT_EQ(none.accuracy, 100);  // equals itself
  EXPECT_EQ(none.statistics["positions"], 16 * 40);
  // The first of the four steps of a block runs all 40 positions; prefix then runs 16, 12, 8, 4 of them, dual 4.
  EXPECT_EQ(prefix.statistics["positions"], 4 * 40 + 3 * (16 + 12 + 8 + 4));
  EXPECT_EQ(dual.statistics["positions"], 4 * 40 + 3 * 4 * 4);
  EXPECT_LE(dual.accuracy, 100);
}

TEST(Running, TheEmbeddedModelIsScoredBesideItsTimes) {
  BenchSettings settings = quick_settings();
  settings.filter = "decode/puzzle_dllm/(sort|sudoku4x4)/(none|threshold)";
  for (const ChosenGroup& group : choose_benchmarks(settings)) {
    const BenchReport report = run_quietly(group, settings);
    ASSERT_EQ(report.rows.size(), 2U) << report.name;
    EXPECT_EQ(report.rows[0].accuracy, 100) << report.name;  // as the model's card says
    EXPECT_EQ(report.rows[0].accuracy_kind, "exact match");
    EXPECT_EQ(report.rows[0].checkpoint_hash.size(), 64U);
    EXPECT_LT(report.rows[1].statistics["forward_passes"].get<double>(),
              report.rows[0].statistics["forward_passes"].get<double>());
  }
}

TEST(Running, BlockLengthIsTheUsersChoice) {
  BenchSettings settings = quick_settings();
  settings.filter = "sort/none";
  settings.block_length = 6;
  EXPECT_THAT(run_quietly(choose_benchmarks(settings).at(0), settings).note, HasSubstr("blocks of 6"));
  settings.block_length = 500;
  EXPECT_THAT([&] { run_quietly(choose_benchmarks(settings).at(0), settings); },
              ThrowsMessage<UserError>(HasSubstr("--block-length")));
}

TEST(Running, SettingsThatCannotBeMeasuredAreRefused) {
  BenchSettings settings = quick_settings();
  settings.threads = 2;  // the thread's clock would not see the other one
  EXPECT_THAT([&] { run_quietly(tiny_group(), settings); }, ThrowsMessage<UserError>(HasSubstr("--clock wall")));
  settings.threads = 0;
  EXPECT_THAT([&] { run_quietly(tiny_group(), settings); }, ThrowsMessage<UserError>(HasSubstr("--threads")));
}

TEST(Table, HasALineForEachRival) {
  BenchReport report = {"group", "a note", {}};
  LatencyRow row;
  row.name = row.baseline = "group/none";
  row.unit = "answer";
  row.clock = "wall";
  row.accuracy_kind = "exact match";
  row.median_s = 0.0123;
  report.rows.push_back(row);
  row.name = "group/dual";
  row.ratio = 2.5;
  row.ratio_low = 2.4;
  row.ratio_high = 2.625;
  row.accuracy = 99.5;
  row.statistics["positions"] = 12;
  report.rows.push_back(row);
  const std::string text = report_table(report);
  EXPECT_THAT(text, HasSubstr("12.3 ms"));
  EXPECT_THAT(text, HasSubstr("2.50 [2.40, 2.62]"));
  EXPECT_THAT(text, HasSubstr("99.5 %"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
}

TEST(Table, TimesHaveFittingUnits) {
  EXPECT_EQ(format_time(1.5), "1.5 s");
  EXPECT_EQ(format_time(0.0123), "12.3 ms");
  EXPECT_EQ(format_time(4.5e-5), "45 us");
}

}  // namespace
}  // namespace freeact
