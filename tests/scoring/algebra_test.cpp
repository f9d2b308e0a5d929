#include "scoring/algebra.h"

#include <gtest/gtest.h>

namespace freeact {
namespace {

class Algebra : public testing::Test {
 protected:
  void SetUp() override {
    if (!algebra_obstacle().empty()) GTEST_SKIP() << algebra_obstacle();
  }
};

TEST_F(Algebra, SympyComparesValues) {
  EXPECT_EQ(sympy_equal("\\frac{28}{6}", "\\frac{14}{3}"), true);
  EXPECT_EQ(sympy_equal("x + 1", "1 + x"), true);
  EXPECT_EQ(sympy_equal("43", "42"), false);
  EXPECT_EQ(sympy_equal("\\le(3,4\\right)", "\\le(3,4\\right)"), false) << "what it cannot parse equals nothing";
}

TEST_F(Algebra, MathVerifyFindsTheAnswerInAText) {
  EXPECT_EQ(
      math_verify_equal("So it is \\boxed{(3, \\frac{\\pi}{2})}.", "$\\boxed{\\left(3, \\frac{\\pi}{2}\\right)}$"),
      true);
  EXPECT_EQ(math_verify_equal("So it is \\boxed{41}.", "$\\boxed{42}$"), false);
  EXPECT_EQ(math_verify_equal("", "$\\boxed{42}$"), false);
}

}  // namespace
}  // namespace freeact
