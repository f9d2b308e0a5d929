// What the gate lets pass and what it names.
#include "gate/gate.h"

#include <gtest/gtest.h>

#include "gate_arms.h"
#include "message_of.h"
#include "report/plausible_runs.h"
#include "util/error.h"

namespace freeact {
namespace {

TEST(Gate, TenRepeatsWithOtherSeedsHold) {
  const Reference reference = drawn_reference();
  for (uint64_t repeat = 0; repeat < 10; ++repeat) {
    const GateResult result = hold_against(reference, drawn_arms(seeds_from(100 + 2 * repeat, 2)));
    EXPECT_EQ(result.failed(), 0U) << result.findings.front().arm.text() << ": "
                                   << result.findings.front().explanation();
    EXPECT_EQ(result.compared(), 24U);
  }
}

TEST(Gate, NamesWhatGotWorseOrBetter) {
  const Reference reference = drawn_reference();
  const auto seeds = seeds_from(100, 2);
  const GateResult worse = hold_against(reference, {drawn_arm("rtn", seeds, 1.4), drawn_arm("quarot", seeds)});
  EXPECT_EQ(worse.failed(), 8U) << worse.summary();
  EXPECT_EQ(worse.count(Outcome::kWorse), 8U);
  EXPECT_EQ(worse.findings.front().arm.arm, "rtn") << "failures come first";
  const GateResult wrong = hold_against(reference, {drawn_arm("rtn", seeds, 1, 0.4), drawn_arm("quarot", seeds)});
  EXPECT_EQ(find_finding(wrong, "rtn", "sort/exact_match")->outcome, Outcome::kWorse);
  const GateResult better = hold_against(reference, {drawn_arm("rtn", seeds, 0.6), drawn_arm("quarot", seeds)});
  EXPECT_EQ(better.count(Outcome::kBetter), 8U);
  EXPECT_GT(better.failed(), 0U) << "an unclaimed improvement is a change, too";
}

TEST(Gate, TheSameSeedOnTheSameMachineIsHeldToItsNumbers) {
  const Reference reference = drawn_reference();
  auto arms = drawn_arms(seeds_from(1, 2));
  GateResult same = hold_against(reference, arms);
  EXPECT_EQ(same.failed(), 0U);
  EXPECT_NE(same.summary().find("24 of them exactly"), std::string::npos) << same.summary();
  arms[0].seeds[2].metrics["layer_error/site3"].value *= 1 + 1e-6;
  const GateResult changed = hold_against(reference, arms);
  EXPECT_EQ(changed.failed(), 1U);
  EXPECT_EQ(find_finding(changed, "rtn", "layer_error/site3")->outcome, Outcome::kChanged);
  EXPECT_EQ(hold_against(reference, arms, /*always_bands=*/true).failed(), 0U);
  for (auto& arm : arms)
    for (auto& [seed, run] : arm.seeds) run.machine = "another machine";
  EXPECT_EQ(hold_against(reference, arms).failed(), 0U) << "last digits differ between processors";
}

// Two virtual machines may have one name: the 16-bit model tells their processors apart.
TEST(Gate, OtherDigitsOfThe16BitModelEndThePromise) {
  const auto with_float_model = [](const std::vector<uint64_t>& seeds) {
    auto arms = drawn_arms(seeds);
    arms.push_back(drawn_arm("none", seeds));
    arms.back().name.bits = "16-bit";
    return arms;
  };
  std::vector<std::string> left_out;
  const Reference reference = make_reference(with_float_model(seeds_from(1, 10)), 0.01, 2, left_out);
  auto arms = with_float_model(seeds_from(1, 2));
  arms[0].seeds[2].metrics["layer_error/site3"].value *= 1 + 1e-6;
  EXPECT_EQ(hold_against(reference, arms).failed(), 1U);
  arms[2].seeds[2].metrics["puzzles/nll"].value *= 1 + 1e-12;
  const GateResult other = hold_against(reference, arms);
  EXPECT_EQ(other.failed(), 0U);
  EXPECT_TRUE(other.other_arithmetic);
}

TEST(Gate, WhatIsMissingFailsAndWhatIsNewDoesNot) {
  const Reference reference = drawn_reference();
  const auto seeds = seeds_from(100, 2);
  EXPECT_EQ(hold_against(reference, {drawn_arm("rtn", seeds)}).count(Outcome::kMissing), 1U) << "an arm";
  auto arms = drawn_arms(seeds);
  arms[0].seeds[100].metrics.erase("sort/exact_match");
  EXPECT_EQ(find_finding(hold_against(reference, arms), "rtn", "sort/exact_match")->outcome, Outcome::kMissing);
  arms = drawn_arms(seeds);
  arms[0].seeds[100].metrics["sort/exact_match"].value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(hold_against(reference, arms).failed(), 1U) << "no number is no result";
  arms = drawn_arms(seeds);
  arms.push_back(drawn_arm("freeact", seeds));
  const GateResult more = hold_against(reference, arms);
  EXPECT_EQ(more.failed(), 0U);
  EXPECT_EQ(more.count(Outcome::kNew), 1U);
}

TEST(Gate, OtherSettingsAreNotCompared) {
  auto arms = drawn_arms(seeds_from(100, 2));
  arms[0].settings = "other";
  const GateResult result = hold_against(drawn_reference(), arms);
  EXPECT_EQ(result.count(Outcome::kSettings), 1U);
  EXPECT_EQ(result.failed(), 1U);
}

TEST(Gate, NothingInCommonIsAMistake) {
  EXPECT_NE(message_of<UserError>([] { hold_against(drawn_reference(), {drawn_arm("wush", {1, 2})}); }), "");
}

TEST(Gate, OneSeedAloneTellsNoBand) {
  const Reference reference = drawn_reference(1, 1);
  const GateResult result = hold_against(reference, drawn_arms({100}));
  EXPECT_EQ(result.failed(), 0U);
  EXPECT_EQ(result.compared(), 0U);
  EXPECT_EQ(result.count(Outcome::kUnjudged), 24U);
}

// What a store holds becomes arms whose settings are those of all their seeds.
TEST(GateArms, SeedsOfOneConfigurationAreOneArm) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "freeact_gate_arms";
  std::filesystem::remove_all(folder);
  Store store = Store::open_for_writing(folder / "a.db");
  for (RunRecord run : plausible_runs()) {
    run.resolved_config += "model:\n  path: /home/" + std::to_string(run.seed) + "/model\n";
    store.add(run);
  }
  const auto arms = measured_arms(store);
  EXPECT_EQ(arms.size(), 11U);
  for (const MeasuredArm& arm : arms) EXPECT_EQ(arm.seeds.size(), 3U) << arm.name.text();
  const auto found = std::find_if(arms.begin(), arms.end(), [](const auto& arm) { return arm.name.arm == "rtn"; });
  const auto& metrics = found->seeds.at(1).metrics;
  EXPECT_TRUE(metrics.contains("sort/exact_match"));
  EXPECT_TRUE(metrics.contains("sort/nll/mask_ratio=0.5"));
  EXPECT_TRUE(metrics.contains("layer_error/mlp.down/mask"));
  EXPECT_FALSE(metrics.contains("layer_error.truncation/mlp.down/mask")) << "older runs do not know it";
}

}  // namespace
}  // namespace freeact
