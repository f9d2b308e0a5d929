// Where Python's `re` and PCRE2 might differ.
#include "scoring/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "util/error.h"

namespace freeact {
namespace {

TEST(Pattern, TheDotStopsAtLineFeedsAlone) {
  EXPECT_FALSE(Pattern("a.b").search("a\nb"));
  EXPECT_TRUE(Pattern("a.b").search("a\rb"));
  EXPECT_TRUE(Pattern("a.b", {.dot_all = true}).search("a\nb"));
}

TEST(Pattern, TheDollarStandsBeforeALastLineFeed) {
  EXPECT_TRUE(Pattern("7$").search("17\n"));
  EXPECT_FALSE(Pattern("7$").search("17\n\n"));
  EXPECT_FALSE(Pattern("7").full_match("7\n"));
}

TEST(Pattern, ClassesKnowUnicode) {
  EXPECT_EQ(Pattern(R"(\d+)").search("x ７0 y")->text(), "７0");
  EXPECT_TRUE(Pattern(R"(^\w+$)").search("naïve"));
}

TEST(Pattern, GroupsWithoutAPartAreNothing) {
  const auto found = Pattern("(a)|(b)").search("b");
  ASSERT_EQ(found->groups.size(), 3U);
  EXPECT_FALSE(found->groups[1]);
  EXPECT_EQ(found->groups[2], "b");
}

TEST(Pattern, EmptyMatchesMoveOnByACharacter) {
  EXPECT_EQ(Pattern("x*").find_all("aéx").size(), 4U);
  EXPECT_EQ(Pattern("x*").replace_all("aéx", "-"), "-a-é--");
}

TEST(Pattern, SubstitutesItsGroups) {
  EXPECT_EQ(Pattern("(..)(?=.)").substitute("123456", "$1|"), "12|34|56");
  EXPECT_EQ(Pattern("(a)|(b)").substitute("ab", "[$1$2$0]$"), "[aa]$[bb]$");
}

TEST(Pattern, AFaultyExpressionIsTheUsers) {
  EXPECT_THROW(Pattern("(a"), UserError);
}

TEST(Pattern, BytesThatAreNoTextMatchNothing) {
  EXPECT_EQ(Pattern("[0-9]+").search("\xff 12 \xc3")->text(), "12");
}

}  // namespace
}  // namespace freeact
