// Which cells a sweep has, in which order, and what their hash depends on.
#include <cstdlib>

#include "config/composer.h"
#include "config/yaml.h"
#include "experiment_folder.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Sweep = ExperimentFolder;

std::vector<std::string> summary(const std::vector<Cell>& cells) {
  std::vector<std::string> lines;
  for (const auto& cell : cells)
    lines.push_back(
        fmt::format("{} {} {}", cell.experiment.method.name, cell.experiment.quant.label(), cell.experiment.seed));
  return lines;
}

TEST_F(Sweep, LastAxisRunsFastestAndTheSixteenBitModelRunsOncePerSeed) {
  write("x", "sweep:\n  method: [none, rtn]\n  quant: [w4a4, w3a3]\n  seed: [1, 2]\n");
  EXPECT_THAT(summary(plan("x")),
              ElementsAre("none 16-bit 1", "none 16-bit 2", "rtn W4A4 1", "rtn W4A4 2", "rtn W3A3 1", "rtn W3A3 2"));
}

TEST_F(Sweep, OverrideReplacesItsAxisInPlace) {
  write("x", "sweep:\n  method: [none, rtn]\n  seed: [1, 2]\n");
  EXPECT_THAT(summary(plan("x", {"method=freeact"})), ElementsAre("freeact W4A4 1", "freeact W4A4 2"));
  EXPECT_THAT(summary(plan("x", {"method=rtn,freeact", "seed=3"})), ElementsAre("rtn W4A4 3", "freeact W4A4 3"));
}

TEST_F(Sweep, CommandLineListsNeedMultirun) {
  EXPECT_THAT(refusal("plain", {"method=rtn,freeact"}), AllOf(HasSubstr("--multirun"), StartsWith("command line: ")));
  EXPECT_THAT(summary(plan("plain", {"seed=1,2", "method=rtn,freeact"}, true)),
              ElementsAre("rtn W4A4 1", "freeact W4A4 1", "rtn W4A4 2", "freeact W4A4 2"));
  EXPECT_THAT(user_error([&] { plan("plain", {"seed=1,,2"}, true); }), HasSubstr("empty element"));
  EXPECT_EQ(plan("plain", {"tasks=[sort,reverse],sort"}, true).size(), 2u)
      << "brackets and quotes hold commas together";
  EXPECT_EQ(single("plain", {"model.path='a,b'"}).experiment.model.path, "a,b");
}

TEST_F(Sweep, AxesMayBeDottedKeysAndMayBeInherited) {
  write("base", "sweep: {quant.kv_bits: [4, 16], seed: [1, 2]}\n");
  EXPECT_THAT(summary(plan("base")), ElementsAre("rtn W4A4KV4 1", "rtn W4A4KV4 2", "rtn W4A4 1", "rtn W4A4 2"));
  write("child", "defaults: [base]\nseed: 7\nsweep: {quant.kv_bits: [8]}\n");
  EXPECT_THAT(summary(plan("child")), ElementsAre("rtn W4A4KV8 7"))
      << "a plain value takes the place of the inherited axis";
  write("methods", "sweep: {method: [none, rtn]}\n");
  write("fixed", "defaults: [methods, method: freeact]\n");
  EXPECT_THAT(summary(plan("fixed")), ElementsAre("freeact W4A4 1"));
}

TEST_F(Sweep, KeysThatASweepWouldLoseAreRefused) {
  write("x", "quant:\n  kv_bits: 4\nsweep: {quant: [w4a4, w3a3]}\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 2)), HasSubstr("'quant.kv_bits: [VALUE]'")));
}

// The 16-bit model has no integers, so that a backend changes nothing about it.
TEST_F(Sweep, TheFloatModelRunsOnceForAllBackends) {
  write("backend/cpu", "name: cpu\n");
  write("x", "sweep:\n  backend: [simulated, cpu]\n  method: [none, rtn]\n");
  std::vector<std::string> cells;
  for (const auto& cell : plan_experiment(dir_, "x", {}, false))
    cells.push_back(cell.experiment.method.name + ' ' + cell.experiment.backend.name);
  EXPECT_THAT(cells, ElementsAre("none simulated", "rtn simulated", "rtn cpu"));
}

TEST_F(Sweep, BadAxesAreRefusedBeforeAnyCellIsReturned) {
  write("x", "sweep:\n  seed: [1, 2]\n  method: [rtn, freact]\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 3)), HasSubstr("did you mean 'freeact'")));
  write("x", "sweep:\n  seed: 1\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 2)), HasSubstr("list")));
  write("x", "sweep:\n  seed: []\n");
  EXPECT_THAT(refusal("x"), StartsWith(at("x", 2)));
  write("x", "sweep:\n  quant.w_bits: [4, 1]\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 2)), HasSubstr("2 to 8")));
}

using Hash = ExperimentFolder;

TEST_F(Hash, IgnoresWhatCannotChangeAResult) {
  write("launcher/many", "name: local\nworkers: 64\n");
  write("x", "description: another text\nname: another\nmodel: {dtype: float32}\n");  // the dtype is the default
  const auto hash = single("plain").hash;
  EXPECT_EQ(single("plain").hash, hash);
  EXPECT_EQ(single("plain", {"launcher=many"}).hash, hash);
  EXPECT_EQ(single("x").hash, hash);
  write("method/rtn", "# another order\nw_clip: none\nname: rtn\n");
  EXPECT_EQ(single("plain").hash, hash);
  EXPECT_EQ(single("plain", {"method=none", "quant=w3a3"}).hash, single("plain", {"method=none"}).hash);
  EXPECT_EQ(single("plain", {"quant.vision_w_bits=16", "calibration.images={}"}).hash, hash);
  EXPECT_EQ(single("plain", {"model.token_types=family", "model.late_mask_share=0.3", "calibration.states=masked",
                             "calibration.loss_weights=equal", "calibration.mask_weight=5"})
                .hash,
            hash);
}

TEST_F(Hash, ChangesWithEverythingElse) {
  const auto hash = single("plain").hash;
  EXPECT_EQ(hash.size(), 64u);
  for (const char* override_ :
       {"seed=2", "model=other", "model.path=a", "method.w_clip=searched", "method.new=1", "quant.kv_bits=4",
        "calibration.num_samples=1", "task.num_items=3", "task.version=2", "tasks=reverse", "tasks=[sort,reverse]",
        "backend.device=cuda:0", "task.generation.steps=4", "quant.vision_a_bits=8", "calibration.images.max_tiles=2",
        "model.token_types=one", "calibration.states=decoding", "calibration.loss_weights=mask_state"})
    EXPECT_NE(single("plain", {override_}).hash, hash) << override_;
}

TEST_F(Hash, DoesNotDependOnTheMachineOrTheRelease) {
  // Stored runs are found again by this hash: a change here orphans every user's results, so it needs a migration.
  const Json resolved = single("plain").resolved;
  EXPECT_EQ(
      resolved.dump(),
      R"({"name":"plain","model":{"name":"tiny","path":"models/tiny","family":"llada","dtype":"float32"},)"
      R"("method":{"name":"rtn","w_clip":"none"},)"
      R"("quant":{"w_bits":4,"a_bits":4,"kv_bits":16,"w_symmetric":true,"a_symmetric":true},)"
      R"("calibration":{"dataset":"c","text":"","num_samples":32,"sequence_length":0,"stride":0,)"
      R"("mask_ratio_min":0.0,"mask_ratio_max":1.0},)"
      R"("tasks":[{"name":"sort","dataset":"sort","metric":"exact_match"}],"backend":{"name":"simulated","device":"cpu"},)"
      R"("launcher":{"name":"local","workers":2},"seed":1})");
}

TEST_F(Hash, ResolvedTextReadsBackAsTheSameValues) {
  Json values = single("plain", {"method.text='4'", "method.word='true'", "method.nothing=null", "method.empty=[]",
                                 "method.small=1e-7", "method.odd='a: \"b\" # c'", "method.lines=\"x\\ny\""})
                    .resolved;
  write("printed", to_yaml(values));
  EXPECT_EQ(load_yaml(file("printed")).values, values) << to_yaml(values);
}

TEST_F(Hash, CellsSayWhatWasChosenForThem) {
  const auto cells = plan("plain", {"method=freeact", "seed=1,2", "quant.kv_bits=4"}, /*multirun=*/true);
  EXPECT_THAT(cells.at(1).choices,
              testing::ElementsAre(testing::Pair("method", "freeact"), testing::Pair("seed", "2")));
}

TEST(ShippedExperiments, AllPlanWithoutError) {
  for (const char* checkpoint : {"MLLM", "LLADA", "DREAM", "QWEN2_5_VL", "INTERNVL2_5"})
    setenv(checkpoint, "a/checkpoint", 1);  // experiments with checkpoints that these name
  const std::filesystem::path dir = std::filesystem::path(FREEACT_SOURCE_DIR) / "experiments";
  const auto infos = list_experiments(dir);
  ASSERT_FALSE(infos.empty());
  for (const auto& info : infos) {
    EXPECT_FALSE(info.description.empty()) << info.name;
    EXPECT_FALSE(plan_experiment(dir, info.name, {}, false).empty()) << info.name;
  }
  for (const auto* group : kGroups)
    for (const auto& choice : list_group(dir, group))
      EXPECT_FALSE(plan_experiment(dir, "smoke", {fmt::format("{}={}", group, choice)}, false).empty()) << choice;
}

TEST(ShippedExperiments, SmokeTestRunsEveryMethodAtBothWidthsOverThreeSeeds) {
  const auto cells = plan_experiment(std::filesystem::path(FREEACT_SOURCE_DIR) / "experiments", "smoke", {}, false);
  EXPECT_EQ(cells.size(), 3u + 5u * 2u * 3u);
  EXPECT_EQ(cells.front().experiment.tasks.size(), 4u);
}

}  // namespace
}  // namespace freeact
