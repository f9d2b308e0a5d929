#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_of.h"
#include "method/freeact/freeact.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(RankFractions, GiveEveryTypeItsShareOfEverySitesWidth) {
  FreeActConfig config;
  EXPECT_THAT(config.settings(2).block.ranks(512), ElementsAre(16, 16));  // d/32, the paper's
  config.rank_fractions = {0, 0.125};
  EXPECT_THAT(config.settings(2).block.ranks(128), ElementsAre(0, 16));
  EXPECT_THAT(config.settings(2).block.ranks(512), ElementsAre(0, 64));
}

TEST(RankFractions, AreRefusedWhereTheyDoNotFit) {
  FreeActConfig config;
  config.rank_fractions = {0, 0.7};
  EXPECT_THAT(message_of<UserError>([&] { config.check(); }), HasSubstr("method.rank_fractions"));
  config.rank_fractions = {0.1, 0.1, 0.1};
  EXPECT_THAT(message_of<UserError>([&] { config.settings(2); }),
              HasSubstr("3 entries, but the model has 2 token types"));
  config.rank_fractions = {0.1, 0.1};
  config.ranks = {1, 1};
  EXPECT_THAT(message_of<UserError>([&] { config.check(); }), HasSubstr("leave one out"));
}

}  // namespace
}  // namespace freeact
