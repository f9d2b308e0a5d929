// What the command line may do beside setting keys: add, drop, lay experiments over others; and values that a function
// tells.
#include "config/sweep_values.h"
#include "experiment_folder.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Changes = ExperimentFolder;

TEST_F(Changes, AddSetsOnlyWhatNothingHasSaid) {
  EXPECT_EQ(single("plain", {"+method.rank=4"}).experiment.method.settings["rank"], 4);
  EXPECT_THAT(refusal("plain", {"+seed=2"}),
              AllOf(StartsWith("command line: "), HasSubstr("config.yaml:2"), HasSubstr("write seed=VALUE")));
  EXPECT_EQ(single("plain", {"++seed=2"}).experiment.seed, 2u);
  write("x", "sweep: {quant.kv_bits: [4, 16]}\n");
  EXPECT_THAT(refusal("x", {"+quant.kv_bits=8"}), HasSubstr("adds a key"));
}

TEST_F(Changes, DropForgetsAKeyAGroupOrAnAxis) {
  EXPECT_FALSE(single("plain", {"~method.w_clip"}).experiment.method.settings.contains("w_clip"));
  EXPECT_EQ(single("plain", {"method=freeact", "~quant"}).experiment.quant.w_bits, QuantConfig{}.w_bits);
  write("x", "sweep: {seed: [1, 2], quant.kv_bits: [4, 16]}\n");
  EXPECT_EQ(plan("x", {"~quant.kv_bits"}).size(), 2u);
  EXPECT_THAT(refusal("plain", {"~method.w_clop"}), AllOf(StartsWith("command line: "), HasSubstr("w_clip")));
}

TEST_F(Changes, DropWithAValueHoldsItAgainstWhatIsThere) {
  EXPECT_FALSE(single("plain", {"~method.w_clip=none"}).experiment.method.settings.contains("w_clip"));
  EXPECT_THAT(refusal("plain", {"~method.w_clip=fixed"}), HasSubstr("\"none\""));
}

TEST_F(Changes, ExperimentsAreLaidOverTheFirstInTheirOrder) {
  write("short", "task: {num_items: 3}\nseed: 5\n");
  write("low", "defaults: [quant: w3a3]\nseed: 6\n");
  const Cell cell = single("plain", {"experiment=[short,low]"});
  EXPECT_EQ(cell.experiment.name, "plain");
  EXPECT_EQ(cell.experiment.tasks.at(0).settings["num_items"], 3);
  EXPECT_EQ(cell.experiment.quant.w_bits, 3);
  EXPECT_EQ(cell.experiment.seed, 6u);
  EXPECT_THAT(refusal("plain", {"experiment=shrt"}), HasSubstr("did you mean 'short'"));
  EXPECT_THAT(user_error([&] { plan("plain", {"experiment=short,low"}, true); }), HasSubstr("[NAME, NAME]"));
}

TEST_F(Changes, AChoiceMayBePutElsewhere) {
  write("x", "defaults:\n  - quant@method.inner: w3a3\n");
  EXPECT_EQ(single("x").experiment.method.settings["inner"]["w_bits"], 3);
  EXPECT_EQ(single("x").experiment.quant.w_bits, 4);
  const auto cells = plan("plain", {"quant@method.inner=w4a4,w3a3"}, true);
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[1].experiment.method.settings["inner"]["a_bits"], 3);
  EXPECT_THAT(refusal("plain", {"quant@method.inner=w5a5"}), HasSubstr("w4a4"));
}

TEST_F(Changes, FunctionsStandForTheValuesOfAnAxis) {
  write("method/rtn_gptq", "name: rtn\nw_rounding: gptq\n");
  EXPECT_EQ(plan("plain", {"method=glob(rtn*)", "seed=range(1,4)"}, true).size(), 6u);
  write("x", "sweep:\n  seed: range(1, 3)\n  method: glob(*, !free*, !none)\n");
  EXPECT_EQ(plan("x").size(), 4u);
  EXPECT_THAT(refusal("plain", {"seed=range(1,4)"}), HasSubstr("--multirun"));
  write("x", "sweep:\n  method: glob(gptq*)\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 2)), HasSubstr("fits none of: freeact, none, rtn, rtn_gptq")));
  EXPECT_THAT(user_error([&] { plan("plain", {"seed=glob(*)"}, true); }), HasSubstr("files of a group"));
}

std::string range(const std::string& arguments) {
  return Json(sweep_function_values("range(" + arguments + ")", {}, "here")).dump();
}

TEST(SweepValues, RangesLeaveTheirEndOutAndWriteNumbersAsOneWould) {
  EXPECT_EQ(range("3"), "[0,1,2]");
  EXPECT_EQ(range("4, 0, -2"), "[4,2]");
  EXPECT_EQ(range("0.1, 0.4, 0.1"), "[0.1,0.2,0.3]");
  EXPECT_EQ(range("0,1,0.5"), "[0.0,0.5]");
}

TEST(SweepValues, ImpossibleRangesAreRefused) {
  for (const char* arguments : {"", "0", "1,1", "1,4,0", "4,1", "a", "1,2,3,4", "1e9", "0,1,1e-12", "0,.nan"})
    EXPECT_THAT(user_error([&] { range(arguments); }), StartsWith("here: ")) << arguments;
}

}  // namespace
}  // namespace freeact
