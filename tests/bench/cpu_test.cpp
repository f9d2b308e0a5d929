#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bench/cpu_ceilings.h"
#include "bench/cpu_checks.h"
#include "bench/cpu_groups.h"
#include "bench/cpu_linear_contest.h"
#include "bench/cpu_random_sites.h"
#include "bench/decode_sets.h"
#include "bench/rows.h"
#include "bench/run.h"
#include "bench/table.h"
#include "util/error.h"
#include "util/instruction_set.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::ThrowsMessage;

std::vector<std::string> names_of(const std::vector<ChosenGroup>& chosen) {
  std::vector<std::string> names;
  for (const auto& [group, rivals] : chosen)
    for (const auto& rival : rivals) names.push_back(group.name + "/" + rival);
  return names;
}

BenchSettings filtered(const std::string& filter) {
  BenchSettings settings;
  settings.filter = filter;
  settings.measure.rounds = 2;
  return settings;
}

TEST(CpuNames, EveryGoalIsFoundByItsName) {
  const auto names = names_of(choose_benchmarks(filtered("cpu")));
  EXPECT_THAT(names,
              IsSupersetOf({"cpu/C1/linear_4096_m512/w4a4", "cpu/C1/linear_4096_m512/float32",
                            "cpu/C2/linear_4096_m32/w4a4", "cpu/C3/linear_4096_m1/int4_weight_only",
                            "cpu/C3/linear_4096_m1_hot/w4a4", "cpu/C5/transform_quantise_4096/transform_quantise",
                            "cpu/C5/transform_quantise_2048/integer_linear", "cpu/C6/evaluation/integer"}));
  EXPECT_THAT(names, testing::Each(testing::StartsWith("cpu/")));
  EXPECT_EQ(std::count(names.begin(), names.end(), "cpu/C4/vnni_fraction/w4a4"), has_int8_peak() ? 1 : 0);
}

TEST(CpuNames, ThePublishedModelsHaveThreePassesEach) {
  EXPECT_EQ(choose_benchmarks(filtered("^model/")).size(), 12U);
  EXPECT_EQ(names_of(choose_benchmarks(filtered("model/llada_8b/prefill"))).size(), 3U);
}

TEST(CpuNames, AFilterForOneRivalBringsAllThatTheGoalNeeds) {
  const auto names = names_of(choose_benchmarks(filtered("C1/linear_4096_m512/w4a4")));
  EXPECT_THAT(names, IsSupersetOf({"cpu/C1/linear_4096_m512/int_mm", "cpu/C1/linear_4096_m512/memory_read"}));
}

// ---- rows of made-up times

Measurement times(const std::string& name, const std::vector<double>& seconds, std::vector<double> speeds = {}) {
  return {.name = name, .seconds = seconds, .speeds = std::move(speeds)};
}

Contest contest_of(const std::vector<Measurement>& measured) {
  Contest contest;
  contest.backend = "cpu";
  contest.note = "a note";
  for (const Measurement& m : measured) contest.contenders.push_back({m.name, [] {}, [] { return Evidence{}; }});
  return contest;
}

std::vector<LatencyRow> rows_of(const Contest& contest, const std::vector<Measurement>& measured) {
  return make_rows("g", contest, std::vector<Evidence>(measured.size()), measured, BenchSettings{});
}

TEST(GoalRows, TheFastestMemberIsTheOpponent) {
  const std::vector<Measurement> measured = {times("float32", {10, 10, 10}), times("a", {3, 3, 3}),
                                             times("b", {2, 2, 2}), times("ours", {1, 1, 1})};
  Contest contest = contest_of(measured);
  contest.goal = {"C1",
                  "ours",
                  {{"float32", {"float32"}, 5, 20},
                   {"best", {"a", "b", "absent"}, 1, 2},
                   {"gone", {"absent"}, 1, 2},
                   {"slower", {"a"}, 4, 5},
                   {"untargeted", {"a"}}}};
  const auto rows = rows_of(contest, measured);
  const Json& lines = rows[3].opponents;
  ASSERT_EQ(lines.size(), 4U);  // no line for an opponent that was not there
  EXPECT_EQ(lines[0]["ratio"], 10);
  EXPECT_EQ(lines[0]["reached"], "floor");
  EXPECT_EQ(lines[1]["name"], "g/b");
  EXPECT_EQ(lines[1]["median_s"], 2);
  EXPECT_EQ(lines[1]["reached"], "aim");
  EXPECT_EQ(lines[2]["reached"], "below");
  EXPECT_EQ(lines[3]["reached"], "no target");
  EXPECT_EQ(rows[0].goal, "C1");
  EXPECT_TRUE(rows[0].opponents.empty());
}

TEST(GoalRows, EveryRatioHasAnIntervalAroundIt) {
  const std::vector<Measurement> measured = {times("slow", {4, 5, 6, 5, 4, 6}), times("ours", {2, 1, 2, 3, 2, 2})};
  Contest contest = contest_of(measured);
  contest.goal = {"C1", "ours", {{"slow", {"slow"}, 1, 2}}};
  const Json line = rows_of(contest, measured)[1].opponents[0];
  EXPECT_LT(line["ratio_low"], line["ratio"]);
  EXPECT_GT(line["ratio_high"], line["ratio"]);
}

TEST(GoalRows, TheSlowestCeilingIsTheCeiling) {
  const std::vector<Measurement> measured = {times("ours", {4}), times("peak", {1}), times("read", {3})};
  Contest contest = contest_of(measured);
  contest.goal = {"C3", "ours", {}};
  contest.ceilings = {"peak", "read"};
  const auto rows = rows_of(contest, measured);
  EXPECT_EQ(rows[0].ceiling, "g/read");
  EXPECT_DOUBLE_EQ(rows[0].ceiling_fraction, 0.75);
  EXPECT_TRUE(rows[1].ceiling.empty());
}

TEST(GoalRows, DisturbedRoundsCountForNobody) {
  // The second round of the baseline and the third of ours ran on a slowed processor.
  const std::vector<Measurement> measured = {times("slow", {10, 99, 10, 10}, {1, 0.5, 1, 1}),
                                             times("ours", {1, 1, 50, 1}, {1, 1, 0.5, 1})};
  const auto rows = rows_of(contest_of(measured), measured);
  EXPECT_EQ(rows[0].dropped, 1);
  EXPECT_EQ(rows[0].count, 3);
  EXPECT_EQ(rows[0].p90_s, 10);
  EXPECT_EQ(rows[1].ratio_low, 10);
  EXPECT_EQ(rows[1].ratio_high, 10);
}

TEST(GoalRows, ThePartsOfAUnitAreMultiplied) {
  const std::vector<Measurement> measured = {times("block", {0.5})};
  Contest contest = contest_of(measured);
  contest.runs_per_unit = 32;
  EXPECT_EQ(rows_of(contest, measured)[0].median_s, 16);
}

TEST(GoalRows, AJsonLineSaysAllThatJudgesATime) {
  const std::vector<Measurement> measured = {times("ours", {1})};
  const Json json = rows_of(contest_of(measured), measured)[0].json();
  for (const char* key : {"goal",           "opponents", "median_s",  "p10_s",           "p90_s",   "count",
                          "dropped",        "ratio",     "ratio_low", "ratio_high",      "ceiling", "ceiling_fraction",
                          "machine",        "threads",   "flags",     "instruction_set", "backend", "peak_memory_mib",
                          "source_version", "note",      "seed"})
    EXPECT_TRUE(json.contains(key)) << key;
}

TEST(GoalRows, TheTerminalShowsWhatWasReached) {
  const std::vector<Measurement> measured = {times("slow", {3}), times("ours", {1})};
  Contest contest = contest_of(measured);
  contest.goal = {"C2", "ours", {{"the slow one", {"slow"}, 2, 4}}};
  contest.ceilings = {"ours"};
  const std::string text = report_table({"g", "", rows_of(contest, measured)});
  EXPECT_THAT(text,
              HasSubstr("C2: 3.00 [3.00, 3.00] times as fast as the slow one (slow); must be 2, aim 4: floor reached"));
  EXPECT_THAT(text, HasSubstr("100 % of the ceiling of this run, ours"));
}

// ---- exactness

TEST(ExactnessCheck, AWrongKernelIsNotTimed) {
  int runs = 0;
  const auto prepare = [&](const BenchSettings&, const std::vector<std::string>&) {
    Contest contest;
    contest.contenders = {{"wrong", [&] { ++runs; }, [] { return Evidence{}; }}};
    contest.check_exact = [] {
      check_products(at::full({1, 1}, 7, at::kInt), at::ones({1, 2}, at::kChar), at::full({1, 2}, 3, at::kShort));
    };
    return contest;
  };
  const ChosenGroup group = {{"cpu/broken", "", {"wrong"}, prepare}, {"wrong"}};
  EXPECT_THAT([&] { run_group(group, filtered(""), [](const std::string&) {}); },
              ThrowsMessage<Defect>(HasSubstr("[0, 0]: 7 for 6")));
  EXPECT_EQ(runs, 0);
}

TEST(ExactnessCheck, FindsOneWrongCodeAndOneWrongScale) {
  const Grid grid = {4, true};
  const at::Tensor z_MK = at::tensor({1.0, -2.0, 3.0, 7.0, 0.5, 0.25, -0.125, 0.0}, at::kFloat).view({2, 4});
  const Scale scale = activation_scale(z_MK, grid);
  QuantisedRows rows = {4, at::zeros({2, 8}, at::kChar), scale.scale.squeeze(1), {}, {}};
  rows.codes_MP.slice(1, 0, 4).copy_(quantise(z_MK, scale, grid));
  EXPECT_NO_THROW(check_rows(rows, z_MK, grid));
  rows.codes_MP[1][2] += 1;
  EXPECT_THAT([&] { check_rows(rows, z_MK, grid); }, ThrowsMessage<Defect>(HasSubstr("code of the tokens [1, 2]")));
  rows.codes_MP[1][2] -= 1;
  rows.scale_M = rows.scale_M * 1.000001;
  EXPECT_THAT([&] { check_rows(rows, z_MK, grid); }, ThrowsMessage<Defect>(HasSubstr("scale")));
}

TEST(ExactnessCheck, FloatResultsMayDifferByTheirRoundingOnly) {
  const at::Tensor y = at::ones({2, 3});
  EXPECT_NO_THROW(check_close(y + 5e-6, y, "y"));
  EXPECT_THROW(check_close(y + 5e-5, y, "y"), Defect);
  EXPECT_THROW(check_close(y / 0 * 0, y, "y"), Defect);  // nan
}

TEST(Ceilings, ColdCopiesFillTwiceTheCacheWithinFourGibibytes) {
  EXPECT_EQ(num_cold_copies(100 << 20, int64_t{260} << 20), 6);
  EXPECT_EQ(num_cold_copies(64 << 20, 0), 2);                         // unknown: as if 64 MiB
  EXPECT_EQ(num_cold_copies(int64_t{1} << 30, int64_t{8} << 30), 4);  // memory is the limit
  EXPECT_EQ(num_cold_copies(int64_t{8} << 30, int64_t{32} << 20), 1);
}

TEST(Ceilings, TheProcessorHasASpeed) {
  EXPECT_GT(processor_speed(), 1e6);
}

// ---- the contests themselves, small

TEST(LinearContest, EveryRivalComputesTheSameLinear) {
  const ContestShape shape = {.tokens = 5, .width = 256, .outputs = 192, .hot = true};
  const BenchmarkGroup group = {"cpu/tiny", "", linear_rivals(), [=](const BenchSettings& s, const auto& rivals) {
                                  Contest contest = linear_contest(shape, s, rivals);
                                  contest.probe = {};  // what is computed is looked at here, not how fast
                                  return contest;
                                }};
  const BenchReport report = run_group({group, group.rivals}, filtered(""), [](const std::string&) {});
  ASSERT_EQ(report.rows.size(), linear_rivals().size());
  // Without VNNI, torch's int8 keeps a bit free so that sums of two products do not saturate: twice the error.
  const double eight_bit = available_instruction_sets().back() == InstructionSet::kAvx512Vnni ? 3 : 6;
  for (const LatencyRow& row : report.rows) {
    if (std::isnan(row.accuracy)) continue;  // products without scales
    const bool coarse = row.name.find("4") != std::string::npos && row.name.find("bfloat16") == std::string::npos;
    const double most = coarse ? 25 : eight_bit;
    EXPECT_LT(row.accuracy, row.name.ends_with("float32") ? 1e-3 : most) << row.name;
  }
  const LatencyRow& ours = report.rows.back();
  EXPECT_EQ(ours.name, "cpu/tiny/w4a4");
  EXPECT_EQ(ours.backend, "cpu int4");
  EXPECT_FALSE(ours.instruction_set.empty());
  EXPECT_TRUE(report.rows.front().instruction_set.empty());
}

TEST(RandomSites, ComputeTheSameWithIntegers) {
  const Decoder model = random_llada({.width = 48, .heads = 2, .layers = 1, .mlp_width = 96, .vocabulary = 32}, 1);
  const QuantisedPair pair = random_quantised(model, 1);
  const at::Tensor types_BT = at::tensor({0, 1, 1}, at::kLong).unsqueeze(0);
  const auto& simulated = *pair.simulated.blocks[0].sites[0];
  const at::Tensor x_BTD = at::randn({1, 3, 48});
  check_site(simulated, *pair.integer.blocks[0].sites[0], x_BTD, types_BT);
  const auto other = random_quantised_site(model.blocks[0], SiteId::kAttentionQkv, 2, 7);
  EXPECT_THROW(check_site(simulated, *other, x_BTD, types_BT), Defect);
}

}  // namespace
}  // namespace freeact
