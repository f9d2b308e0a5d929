#include <gtest/gtest.h>

#include "scoring/algebra.h"
#include "scoring/math_text.h"
#include "scoring/scorer.h"

namespace freeact {
namespace {

Scored scored(const std::string& rule, const std::string& response, const std::string& gold) {
  return find_scorer(rule).score({{"answer", gold}}, response);
}

double hendrycks(const std::string& response, const std::string& gold) {
  return scored("lm-eval/hendrycks_math500", response, gold).score.value();
}

double d1(const std::string& response, const std::string& gold) {
  return scored("d1/math500", response, gold).score.value();
}

Scored minerva(const std::string& response, const std::string& gold) {
  return scored("lm-eval/minerva_math500/exact_match", response, gold);
}

TEST(HendrycksNormaliser, GivesShorthandItsBraces) {
  EXPECT_EQ(hendrycks_normalised("\\dfrac57 + \\frac1{20}"), "\\frac{5}{7}+\\frac{1}{20}");
  EXPECT_EQ(hendrycks_normalised("2\\sqrt5x"), "2\\sqrt{5}x");
  EXPECT_EQ(hendrycks_normalised("\\frac12\\frac3"), "\\frac12\\frac3");
}

TEST(HendrycksNormaliser, WritesNumbersOneWay) {
  EXPECT_EQ(hendrycks_normalised("-9 / 4"), "\\frac{-9}{4}");
  EXPECT_EQ(hendrycks_normalised("09/4"), "09/4");
  EXPECT_EQ(hendrycks_normalised(".5"), "\\frac{1}{2}");
  EXPECT_EQ(hendrycks_normalised("0.50"), "0.50");
  EXPECT_EQ(hendrycks_normalised("{.75"), "{0.75");
}

TEST(HendrycksNormaliser, DropsUnitsAndShortLeftSides) {
  EXPECT_EQ(hendrycks_normalised("y = 6\\text{ miles}"), "6");
  EXPECT_EQ(hendrycks_normalised("π =3"), "3");
  EXPECT_EQ(hendrycks_normalised("abc=3"), "abc=3");
  EXPECT_EQ(hendrycks_normalised("\\$30\\%"), "30");
  EXPECT_EQ(hendrycks_normalised(R"(30\\\\%%)"), "30");
}

TEST(HendrycksNormaliser, GivesUpWherePythonRaises) {
  for (const char* text : {"5\\text{ m}^2\\text{ or }6", "x/2", "\\sqrt", "1+\\frac"})
    EXPECT_EQ(hendrycks_normalised(text), std::nullopt) << text;
  EXPECT_TRUE(hendrycks_equal("x/2", "x/2"));
  EXPECT_FALSE(hendrycks_equal("x / 2", "x/2"));
}

TEST(MinervaNormaliser, RemovesUnitsEvenInsideOfCommands) {
  EXPECT_EQ(minerva_normalised("12 \\text{ square inches}"), "12");
  EXPECT_EQ(minerva_normalised("\\left[1,2\\right)"), "\\le[1,2\\right)");
}

TEST(MinervaNormaliser, LooksForTheAnswerBehindEqualsSignsAndBetweenDollars) {
  EXPECT_EQ(minerva_normalised("x = y = 8"), "8");
  EXPECT_EQ(minerva_normalised("either $3$ or $4$"), "3");
  EXPECT_EQ(minerva_normalised("\\boxed{\\frac{1}{2}}"), "\\frac{1}{2}");
  EXPECT_EQ(minerva_normalised("\\textbf{(C)}"), "(C)");
}

TEST(MinervaNormaliser, GivesShorthandItsBraces) {
  EXPECT_EQ(minerva_normalised("\\frac57x"), "\\frac{5}{7}x");
  EXPECT_EQ(minerva_normalised("\\sqrt7x"), "\\sqrt{7}x");
}

TEST(MinervaNormaliser, OnlyNumbersLoseTheirCommas) {
  EXPECT_EQ(minerva_normalised("12,345,678"), "12345678");
  EXPECT_EQ(minerva_normalised("12,345.5"), "12,345.5");
  EXPECT_EQ(minerva_normalised("1,x"), "1,x");
}

TEST(Minerva, ValuesCountWhereAlgebraIsAtHandAndTextsAlone) {
  const Scored equal = minerva("Final Answer: The final answer is $\\$6$. I hope it is correct.", "6");
  EXPECT_EQ(equal.answer, "6");
  EXPECT_EQ(equal.score, 1.0);
  const Scored other = minerva("Final Answer: The final answer is $3+3$. I hope it is correct.", "6");
  EXPECT_EQ(other.answer, "3+3");
  EXPECT_EQ(other.score, algebra_obstacle().empty() ? 1.0 : 0.0);
  EXPECT_EQ(other.parts.at("by_algebra"), algebra_obstacle().empty());
  EXPECT_EQ(other.parts.at("string_equal"), false);
}

TEST(Minerva, TheSentenceMayEndWhereTheHarnessEndsIt) {
  EXPECT_EQ(minerva("Final Answer: The final answer is 6. ", "6").answer, "6");
  EXPECT_EQ(minerva("Final Answer: The final answer is 6.", "6").answer, "[invalidanswer]");
  EXPECT_EQ(minerva("The final answer is 6. I hope it is correct.", "6").answer, "[invalidanswer]");
}

TEST(Hendrycks, TakesEverythingBetweenTheOuterDollars) {
  EXPECT_EQ(hendrycks("so $x = 6$ miles", "6"), 1);
  EXPECT_EQ(hendrycks("from $5$ to $6$", "6"), 0);
  EXPECT_EQ(hendrycks("costs $6", "6"), 0);
}

TEST(D1Math, TheLastBoxCountsAndTagsOnlyForAnEmptyOne) {
  EXPECT_EQ(d1("\\boxed{5} so \\boxed{\\tfrac{1}{6}}", "\\frac{1}{6}"), 1);
  EXPECT_EQ(d1("<answer>6</answer>", "6"), 0);
  EXPECT_EQ(d1("\\boxed{} <answer> 6 </answer>", "6"), 1);
  EXPECT_TRUE(scored("d1/math500", "\\boxed{6", "6").answer.is_null());
}

}  // namespace
}  // namespace freeact
