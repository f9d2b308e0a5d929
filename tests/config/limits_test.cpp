// Small files that stand for a lot: refused with their place before they cost time or memory.
#include "config/yaml.h"
#include "experiment_folder.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Limits = ExperimentFolder;

// "k0: '${notes.k1}${notes.k1}'", and so on up to the last, which is a text.
std::string chain_of_keys(int length, int references) {
  std::string text = "notes:\n";
  for (int i = 0; i < length; ++i) {
    text += fmt::format("  k{}: '", i);
    for (int j = 0; j < references; ++j) text += fmt::format("${{notes.k{}}}", i + 1);
    text += "'\n";
  }
  return text + fmt::format("  k{}: end\n", length);
}

std::string deep_key() {
  std::string key = "a";
  for (int i = 0; i < 50'000; ++i) key += ".a";
  return key;
}

TEST_F(Limits, ReferencesThatRepeatEachOther) {
  write("x", chain_of_keys(20, 4));
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(file("x").string()), HasSubstr("repeat others too often")));
}

TEST_F(Limits, ALongChainOfReferences) {
  write("x", chain_of_keys(3000, 1));
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(file("x").string()), HasSubstr("in a chain")));
}

TEST_F(Limits, AKeyThatLeadsTooDeep) {
  EXPECT_THAT(refusal("plain", {"+" + deep_key() + "=1"}), AllOf(StartsWith("command line: "), HasSubstr("32 groups")));
  write("x", "sweep:\n  ? " + deep_key() + "\n  : [1]\n");
  EXPECT_THAT(refusal("x"), HasSubstr("32 groups"));
  write("x", "defaults:\n- ? model@" + deep_key() + "\n  : tiny\n");
  EXPECT_THAT(refusal("x"), HasSubstr("32 groups"));
}

TEST_F(Limits, AChoicePutIntoWhatIsNoGroup) {
  write("x", "defaults:\n- model@seed.model: tiny\n");
  EXPECT_THAT(refusal("x"), HasSubstr("cannot set 'seed.model'"));
}

TEST_F(Limits, ASweepOfTooManyCells) {
  write("x", "sweep:\n  seed: range(5000)\n  quant.w_bits: [2, 3, 4, 5, 6]\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 3)), HasSubstr("10000 cells")));
}

TEST_F(Limits, ARangeOfTheSmallestNumbersThereAre) {
  write("x", "sweep: {calibration.mask_ratio_min: 'range(1e-320, 4e-320, 1e-320)'}\n");
  EXPECT_EQ(plan("x").size(), 3);
}

TEST_F(Limits, MoreValuesThanAnyExperimentHas) {
  std::string list = "a: [1";
  for (int i = 0; i < 200'000; ++i) list += ",1";
  write("x", "seed: 1\n" + list + "]\n");
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 2)), HasSubstr("100000 values")));
}

TEST_F(Limits, MoreKeysThanAnyGroupHas) {
  std::string keys;
  for (int i = 0; i < 5000; ++i) keys += fmt::format("k{}: 1\n", i);
  write("x", keys);
  EXPECT_THAT(refusal("x"), AllOf(StartsWith(at("x", 4001)), HasSubstr("4000 keys")));
}

TEST_F(Limits, AMisspeltNameOfAMegabyte) {
  EXPECT_THAT(refusal(std::string(1 << 20, 'x')), HasSubstr("known: plain"));
}

}  // namespace
}  // namespace freeact
