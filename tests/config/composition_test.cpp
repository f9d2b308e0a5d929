// What wins over what, and what references stand for.
#include <cstdlib>

#include "config/composer.h"
#include "experiment_folder.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Composition = ExperimentFolder;

TEST_F(Composition, ExperimentWithoutKeysHasTheDefaults) {
  const auto experiment = single("plain").experiment;
  EXPECT_EQ(experiment.name, "plain");
  EXPECT_EQ(experiment.model.path, "models/tiny");
  EXPECT_EQ(experiment.method.name, "rtn");
  EXPECT_EQ(experiment.method.settings, Json({{"w_clip", "none"}}));
  EXPECT_EQ(experiment.quant.w_bits, 4);
  EXPECT_EQ(experiment.seed, 1u);
}

TEST_F(Composition, OwnKeysWinOverChoicesAndInheritedExperiments) {
  write("base", "defaults:\n- quant: w3a3\nseed: 5\nmodel: {dtype: float16}\n");
  write("child", "defaults:\n- base\n- method: freeact\nmethod: {epochs: 2}\nseed: 6\n");
  const auto experiment = single("child").experiment;
  EXPECT_EQ(experiment.quant.w_bits, 3);
  EXPECT_EQ(experiment.model.dtype, "float16");
  EXPECT_EQ(experiment.method.settings, Json({{"epochs", 2}}));
  EXPECT_EQ(experiment.seed, 6u);
}

TEST_F(Composition, ChoiceLeavesNothingOfTheGroupItReplaces) {
  write("base", "model: {dtype: float16}\nmethod: {a_clip_ratio: 0.9}\n");
  write("child", "defaults: [base, model: tiny, method: freeact]\n");
  const auto experiment = single("child").experiment;
  EXPECT_EQ(experiment.model.dtype, "float32");
  EXPECT_EQ(experiment.method.settings, Json({{"epochs", 15}}));
}

TEST_F(Composition, DefaultsAreAppliedInTheirOrder) {
  write("a", "seed: 1\n");
  write("b", "seed: 2\n");
  write("ab", "defaults: [a, b]\n");
  write("ba", "defaults: [b, a]\n");
  EXPECT_EQ(single("ab").experiment.seed, 2u);
  EXPECT_EQ(single("ba").experiment.seed, 1u);
}

TEST_F(Composition, CommandLineWinsAndItsKeysSurviveItsChoices) {
  write("x", "quant: {w_bits: 8}\nseed: 3\n");
  const auto experiment = single("x", {"quant.kv_bits=4", "quant=w3a3", "seed=9", "method.w_clip=searched"}).experiment;
  EXPECT_EQ(experiment.quant.w_bits, 3);
  EXPECT_EQ(experiment.quant.kv_bits, 4);
  EXPECT_EQ(experiment.seed, 9u);
  EXPECT_EQ(experiment.method.settings["w_clip"], "searched");
}

TEST_F(Composition, OverridesAreTypedAsInYaml) {
  const auto settings = single("plain", {"method.flag=true", "method.rate=5e-3", "method.text='4'",
                                         "method.list=[1, 2]", "method.gone=null", "method.name=rtn"})
                            .experiment.method.settings;
  EXPECT_EQ(
      settings,
      Json({{"w_clip", "none"}, {"flag", true}, {"rate", 0.005}, {"text", "4"}, {"list", {1, 2}}, {"gone", nullptr}}));
}

TEST_F(Composition, TasksAreReadFromTheirFiles) {
  write("x", "tasks: [reverse, sort]\ntask: {num_items: 7}\n");
  const auto tasks = single("x").experiment.tasks;
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].name, "reverse");
  EXPECT_EQ(tasks[1].settings["dataset"], "sort");
  EXPECT_EQ(tasks[1].settings["num_items"], 7);
  EXPECT_EQ(single("x", {"tasks=sort"}).hash, single("x", {"tasks=[sort]"}).hash);
  EXPECT_EQ(single("x", {"tasks=[sort,reverse]"}).experiment.tasks.size(), 2u);
}

TEST_F(Composition, ReferencesTakeTheFinalValue) {
  setenv("FREEACT_TEST_ROOT", "/models", 1);
  write("x",
        "model: {path: '${env:FREEACT_TEST_ROOT}/${model.name}-${seed}', name: '${method.name}'}\n"
        "method: {rank: '${quant.w_bits}'}\n");
  const auto experiment = single("x", {"seed=4"}).experiment;
  EXPECT_EQ(experiment.model.path, "/models/rtn-4");
  EXPECT_EQ(experiment.method.settings["rank"], 4) << "a lone reference keeps the type";
}

TEST_F(Composition, ImportedModelsAndDataAreNamedWithoutTheirPlace) {
  setenv("XDG_CACHE_HOME", "/cache", 1);
  unsetenv("FREEACT_DATA");
  write("x", "model: {path: '${cache:tiny}'}\ncalibration: {dataset: '${data:text}/valid.txt'}\n");
  EXPECT_EQ(single("x").experiment.model.path, "/cache/freeact/tiny");
  EXPECT_EQ(single("x").experiment.calibration.dataset, "/cache/freeact/data/text/valid.txt");
}

TEST_F(Composition, BadReferencesAreRefusedAtTheirPlace) {
  write("cycle", "model:\n  path: ${model.name}\n  name: x${model.path}\n");
  EXPECT_THAT(refusal("cycle"), HasSubstr("circle: model.path -> model.name -> model.path"));
  write("self", "method: {copy: '${method}'}\n");
  EXPECT_THAT(refusal("self"), HasSubstr("circle"));
  write("typo", "seed: 1\nmodel:\n  path: ${model.nme}\n");
  EXPECT_THAT(refusal("typo"), StartsWith(at("typo", 3)));
  EXPECT_THAT(refusal("typo"), HasSubstr("did you mean 'model.name'"));
  unsetenv("FREEACT_TEST_MISSING");
  EXPECT_THAT(refusal("plain", {"model.path=${env:FREEACT_TEST_MISSING}"}),
              AllOf(StartsWith("command line: "), HasSubstr("FREEACT_TEST_MISSING")));
  EXPECT_THAT(refusal("plain", {"model.path=${model.name"}), HasSubstr("closing brace"));
}

TEST_F(Composition, InheritanceInACircleIsRefused) {
  write("a", "defaults: [b]\n");
  write("b", "defaults: [a]\n");
  EXPECT_THAT(refusal("a"), HasSubstr("a -> b -> a"));
}

TEST_F(Composition, ListsChoicesAndExperiments) {
  write("paper/table1", "description: main table\n");
  EXPECT_THAT(list_group(dir_, "method"), ElementsAre("freeact", "none", "rtn"));
  const auto infos = list_experiments(dir_);
  ASSERT_EQ(infos.size(), 2u) << "neither config.yaml nor the files of groups";
  EXPECT_EQ(infos[0].name, "paper/table1");
  EXPECT_EQ(infos[0].description, "main table");
  EXPECT_EQ(single("paper/table1").experiment.name, "paper/table1");
}

}  // namespace
}  // namespace freeact
