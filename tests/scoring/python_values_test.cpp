#include "scoring/python_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace freeact {
namespace {

using testing::ElementsAre;

TEST(PythonValues, FloatsShowThatTheyAreNone) {
  EXPECT_EQ(python_str(7), "7.0");
  EXPECT_EQ(python_str(0.25), "0.25");
  EXPECT_EQ(python_str(1e16), "1e+16");
  EXPECT_EQ(python_str(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(PythonValues, ListsHaveMembersAsTheyPrint) {
  EXPECT_THAT(python_list(" [007.50, +1_000, -0, 2e3] ").value(), ElementsAre("7.5", "1000", "0", "2000.0"));
  EXPECT_THAT(python_list(R"(['a, b]', "it's", 'it\'s', None, True,])").value(),
              ElementsAre("a, b]", "it's", "it's", "None", "True"));
  EXPECT_THAT(python_list("[]").value(), testing::IsEmpty());
}

TEST(PythonValues, WhatPythonCannotReadIsNoList) {
  for (const char* text :
       {"[1, 2", "[1 2]", "[07]", "[Norway]", "[,]", "[1,,2]", "(1, 2)", "1, 2", "['a]", "[50%]", ""})
    EXPECT_FALSE(python_list(text)) << text;
}

}  // namespace
}  // namespace freeact
