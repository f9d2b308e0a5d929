// quant.w_group_size and quant.a_group_size.
#include "experiment_folder.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using GroupSize = ExperimentFolder;

TEST_F(GroupSize, IsLeftOutAtItsDefault) {
  const Cell plain = single("plain"), zero = single("plain", {"quant.w_group_size=0", "quant.a_group_size=0"});
  EXPECT_EQ(plain.hash, zero.hash);
  EXPECT_FALSE(plain.resolved["quant"].contains("w_group_size"));
  EXPECT_EQ(plain.experiment.quant.label(), "W4A4");
}

TEST_F(GroupSize, IsPartOfWhatIsRunAndOfItsLabel) {
  const Cell weights = single("plain", {"quant.w_group_size=64"}),
             both = single("plain", {"quant.w_group_size=64", "quant.a_group_size=32", "quant.kv_bits=4"});
  EXPECT_NE(weights.hash, single("plain").hash);
  EXPECT_EQ(weights.resolved["quant"]["w_group_size"], 64);
  EXPECT_EQ(weights.experiment.quant.label(), "W4A4 g64");
  EXPECT_EQ(both.experiment.quant.label(), "W4A4KV4 g64 ag32");
  EXPECT_EQ(single("plain", {"method=none", "quant.w_group_size=64"}).experiment.quant.label(), "16-bit");
}

TEST_F(GroupSize, IsRefusedWhereItMeansNothing) {
  for (const char* size : {"quant.w_group_size=1", "quant.w_group_size=-8", "quant.a_group_size=1"})
    EXPECT_THAT(refusal("plain", {size}), AllOf(HasSubstr("command line"), HasSubstr("_group_size' must be")));
  EXPECT_THAT(refusal("plain", {"quant.w_bits=16", "quant.w_group_size=64"}), HasSubstr("quant.w_group_size"));
}

}  // namespace
}  // namespace freeact
