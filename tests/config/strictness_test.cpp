// What is refused, and that the message leads to the place.
#include "experiment_folder.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Strictness = ExperimentFolder;

TEST_F(Strictness, UnknownKeyNamesFileLineAndNearKey) {
  write("x", "seed: 1\nmodel:\n  dtype: float16\n  pth: here\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 4)), HasSubstr("did you mean 'model.path'")));
  write("x", "seed: 1\nsede: 2\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 2)), HasSubstr("did you mean 'seed'")));
  EXPECT_THAT(refusal("plain", {"quant.w_bit=4"}),
              AllOf(StartsWith("command line: "), HasSubstr("did you mean 'quant.w_bits'")));
}

TEST_F(Strictness, UnknownKeyInAChosenFileNamesThatFile) {
  write("quant/w4a4", "w_bits: 4\nabits: 4\n");
  EXPECT_THAT(refusal("plain"), AllOf(StartsWith(at("quant/w4a4", 2)), HasSubstr("quant.a_bits")));
}

TEST_F(Strictness, UnknownChoicesListTheKnownOnes) {
  EXPECT_EQ(refusal("plain", {"method=freact"}),
            "command line: no method 'freact'; did you mean 'freeact'? known: freeact, none, rtn");
  write("x", "defaults:\n- model: tiny\n- quant: w5a5\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 3)), HasSubstr("no quant 'w5a5'"), HasSubstr("w4a4")));
  write("x", "tasks:\n- sort\n- revers\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 3)), HasSubstr("did you mean 'reverse'")));
  write("x", "defaults:\n- modle: tiny\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 2)), HasSubstr("did you mean 'model'")));
  EXPECT_THAT(refusal("plian"), HasSubstr("no experiment 'plian'; did you mean 'plain'"));
  EXPECT_THAT(refusal("plain", {"method=../quant/w4a4"}), HasSubstr("no method"));
}

TEST_F(Strictness, WrongTypesAreRefused) {
  for (const char* override_ : {"seed=one", "seed=1.5", "seed=-1", "quant.w_bits=99999999999", "quant.w_symmetric=yes",
                                "model.path=[a]", "calibration.mask_ratio_max=.nan", "tasks=[[sort]]",
                                "launcher.workers=", "task=sort", "model.name.x=1", "method=[rtn]"})
    EXPECT_THAT(refusal("plain", {override_}), StartsWith("command line: ")) << override_;
  write("x", "seed: 1\nmodel: tiny\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 2)), HasSubstr("'- model: tiny'")));
}

TEST_F(Strictness, ImpossibleValuesAreRefused) {
  for (const char* override_ :
       {"quant.w_bits=1", "quant.a_bits=9", "quant.kv_bits=32", "quant.vision_w_bits=1", "calibration.num_samples=0",
        "calibration.mask_ratio_min=1.1", "calibration.sequence_length=-1", "tasks=[]", "tasks=[sort,sort]",
        "launcher.workers=0", "model.late_mask_share=1", "calibration.states=decoded", "calibration.loss_weights=some",
        "calibration.mask_weight=0", "calibration.decoding.steps=4", "model.dtype=float23", "model.path=''"})
    EXPECT_NE(refusal("plain", {override_}), "") << override_;
  EXPECT_THAT(refusal("plain", {"quant.w_bits=1"}), HasSubstr("must be 2 to 8, or 16, but is 1"));
  write("x", "calibration:\n  mask_ratio_max: 0.2\n  mask_ratio_min: 0.5\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 3)), HasSubstr("mask_ratio_max")));
}

TEST_F(Strictness, LargeSeedsAreKept) {
  EXPECT_EQ(single("plain", {"seed=18446744073709551615"}).experiment.seed, 18446744073709551615u);
}

TEST_F(Strictness, SettingsOfMethodsAndTasksAreLeftToThemWithTheirPlaces) {
  write("x", "seed: 1\nmethod:\n  nobody_knows: 1\n");
  write("task/sort", "name: sort\ndataset: sort\nnobody_knows: 1\n");
  const auto cell = single("x", {"task.num_item=4"});
  const auto place = [&](const char* key) { return std::string(located(FieldError(key, ""), cell.places).what()); };
  EXPECT_EQ(place("method.nobody_knows"), at("x", 3));
  EXPECT_EQ(place("tasks[0].nobody_knows"), at("task/sort", 3));
  EXPECT_EQ(place("tasks[0].num_item"), "command line: ");
  EXPECT_EQ(cell.resolved["tasks"][0]["num_item"], 4);
  write("task/sort", "dataset: sort\n");
  EXPECT_THAT(refusal("x"), HasSubstr("key 'tasks[0].name' is missing"));
}

TEST_F(Strictness, DuplicateKeysAreRefused) {
  write("x", "seed: 1\nmodel: {dtype: float16}\nseed: 2\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 3)), HasSubstr("'seed'"), HasSubstr(":1")));
  write("x", "method:\n  a: 1\n  a: 1\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 3)), HasSubstr("'a'")));
  EXPECT_THAT(refusal("plain", {"seed=1", "seed=2"}), HasSubstr("given twice"));
}

TEST_F(Strictness, MalformedFilesAreRefusedWithTheLine) {
  write("x", "seed: 1\nmodel: [1, 2\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(file("x").string() + ":"), HasSubstr("malformed YAML")));
  write("x", "seed: 1\nmodel:\n  a: 'x\n");
  EXPECT_THAT(refusal("x"), HasSubstr("malformed YAML"));
  write("x", "seed: 1\n b: 2\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 2)), HasSubstr("malformed YAML")));
  for (const char* text :
       {"- a\n", "text", "seed: 1\n---\nseed: 2\n", "? [a]\n: 1\n", "method: &a {b: *a}\n", "method: *a\n",
        "defaults: x\n", "defaults: [[a]]\n", "sweep: [1]\n", "method: {a: \"\xff\"}\n"}) {
    write("x", text);
    EXPECT_THAT(refusal("x"), StartsWith(file("x").string() + ":")) << text;
  }
  write("x", "");
  EXPECT_EQ(single("x").hash, single("plain").hash);
}

TEST_F(Strictness, MalformedOverridesAreRefused) {
  for (const char* override_ : {"seed", "=1", "model..path=a", ".seed=1", "seed.=1", "tasks=[sort", "model.path=\xff"})
    EXPECT_THAT(refusal("plain", {override_}), StartsWith("command line: ")) << override_;
}

}  // namespace
}  // namespace freeact
