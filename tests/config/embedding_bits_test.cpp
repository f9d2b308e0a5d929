// quant.embedding_bits.
#include "experiment_folder.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using EmbeddingBits = ExperimentFolder;

TEST_F(EmbeddingBits, AreLeftOutAtTheirDefault) {
  const Cell plain = single("plain"), sixteen = single("plain", {"quant.embedding_bits=16"});
  EXPECT_EQ(plain.hash, sixteen.hash);
  EXPECT_FALSE(plain.resolved["quant"].contains("embedding_bits"));
}

TEST_F(EmbeddingBits, AreInTheKeyAndTheLabel) {
  const Cell eight = single("plain", {"quant.embedding_bits=8"});
  EXPECT_NE(eight.hash, single("plain").hash);
  EXPECT_THAT(eight.experiment.quant.label(), HasSubstr(" E8"));
  EXPECT_EQ(single("plain", {"method=none", "quant.embedding_bits=8"}).experiment.quant.label(), "16-bit");
}

TEST_F(EmbeddingBits, AreEightOrSixteen) {
  for (const char* bits : {"quant.embedding_bits=4", "quant.embedding_bits=0", "quant.embedding_bits=32"})
    EXPECT_THAT(refusal("plain", {bits}), HasSubstr("quant.embedding_bits"));
}

}  // namespace
}  // namespace freeact
