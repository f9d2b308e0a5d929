#include "task/shots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "task/python_random.h"
#include "util/error.h"

namespace freeact {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

// Expected values: Python 3.11, random.Random(seed).sample(range(population), count).
TEST(PythonRandom, SamplesAsPythonDoes) {
  PythonRandom random(1234);
  EXPECT_THAT(random.sample(7473, 5), ElementsAre(6374, 3610, 957, 61, 742));
  EXPECT_THAT(PythonRandom(0).sample(10, 4), ElementsAre(6, 9, 0, 2));  // drawn from a list
  EXPECT_THAT(PythonRandom(42).sample(12, 12), ElementsAre(10, 1, 0, 4, 3, 11, 6, 9, 8, 2, 5, 7));
  EXPECT_THAT(PythonRandom(42).sample(86, 6), ElementsAre(81, 14, 3, 35, 31, 28));
}

TEST(Shots, AnItemsDrawDependsOnItsPosition) {
  ShotSettings shots;
  shots.draw = "sampled";
  const auto drawn = draw_shots(shots, 4, 18, 7473, false);
  EXPECT_THAT(drawn[17], ElementsAre(47, 2732, 1177, 5816));  // the reference's for the 18th item of GSM8K
}

TEST(Shots, NoItemIsItsOwnExample) {
  const auto first = draw_shots(ShotSettings(), 2, 4, 4, true);
  EXPECT_THAT(first, ElementsAre(ElementsAre(1, 2), ElementsAre(0, 2), ElementsAre(0, 1), ElementsAre(0, 1)));
  ShotSettings sampled;
  sampled.draw = "sampled";
  const auto drawn = draw_shots(sampled, 3, 4, 4, true);
  for (int64_t item = 0; item < 4; ++item) {
    const auto& examples = drawn[static_cast<size_t>(item)];
    EXPECT_EQ(examples.size(), 3U);
    EXPECT_THAT(examples, Not(Contains(item)));
  }
}

TEST(Shots, TooFewExamplesAreRefused) {
  EXPECT_THROW(draw_shots(ShotSettings(), 4, 4, 4, true), UserError);
  EXPECT_NO_THROW(draw_shots(ShotSettings(), 4, 4, 4, false));
}

}  // namespace
}  // namespace freeact
