// Sudoku, countdown and the arithmetic behind it.
#include <gtest/gtest.h>

#include <string>

#include "scoring/python_arithmetic.h"
#include "scoring/scorer.h"

namespace freeact {
namespace {

using nlohmann::json;

const json kSudoku = {{"puzzle", "1034341221434320"}, {"answer", "1234341221434321"}};

TEST(Sudoku, OnlyEmptyCellsCount) {
  const Scored scored = find_scorer("d1/sudoku4x4").score(kSudoku, "<answer>4234341221434329</answer>");
  EXPECT_EQ(scored.score, 0.5) << "the changed given is not looked at, the last cell is wrong";
  EXPECT_EQ(scored.parts, json({{"correct_cells", 1}, {"empty_cells", 2}}));
}

TEST(Sudoku, CellsArePooledOverPuzzles) {
  const json easy = {{"puzzle", "1234341221434320"}, {"answer", "1234341221434321"}};
  std::vector<ScoredItem> items;
  for (const json& document : {kSudoku, easy}) {
    const std::string response = "1234341221434320";
    items.push_back({document, response, find_scorer("d1/sudoku4x4").score(document, response)});
  }
  EXPECT_DOUBLE_EQ(find_pooling("d1/sudoku4x4").pool(items)["cell_accuracy"]["value"].get<double>(), 1.0 / 3);
}

TEST(Sudoku, AGridMustBeValidAndKeepItsGivens) {
  const auto score = [](const std::string& grid) {
    return find_scorer("dream/sudoku4x4_dream").score(kSudoku, grid).score.value();
  };
  EXPECT_EQ(score("1234\n3412\n2143\n4321\nmore"), 1);
  EXPECT_EQ(score("1234\n3412\n2143\n4322"), 0);
  EXPECT_EQ(score("2143\n3412\n1234\n4321"), 0) << "valid, but a given is another";
}

TEST(Countdown, NumbersAreUsedOnceAndTheValueDecides) {
  const json document = {{"numbers", {6, 3, 8}}, {"target", 10}};
  const auto scored = [&](const std::string& response) {
    return find_scorer("d1/countdown_cd3").score(document, response);
  };
  EXPECT_EQ(scored(R"(\boxed{8 + 6 \div 3 = 11})").score, 1.0) << "the right side is not checked";
  EXPECT_EQ(scored(R"(\boxed{8 + 6 / 3 + 0})").answer["value"], nullptr);
  EXPECT_EQ(scored(R"(\boxed{8 - 6 / 3})").answer["value"], 6);
  EXPECT_EQ(scored("<answer>8 + 6 / 3</answer>").score, 0.0) << "without a box the whole text goes on";
}

TEST(Countdown, AChainLeadsToTheTargetAlone) {
  const json document = {{"numbers", {6, 3, 8}}, {"target", 10}};
  const auto score = [&](const std::string& response) {
    return find_scorer("dream/countdown_cd3_dream").score(document, response).score.value();
  };
  EXPECT_EQ(score("6/3=2,2+8=10\nInput"), 1);
  EXPECT_EQ(score("6/3=2,8+2=11"), 0);
  EXPECT_EQ(score("6/3=2,3+8=11"), 0) << "3 is used up";
  EXPECT_EQ(score("8+3=11,6+3=9"), 0);
}

TEST(PythonArithmetic, ComputesAsPythonDoes) {
  const std::pair<const char*, double> cases[] = {{"2+3*4", 14},      {"-2**2", -4}, {"2**-1", 0.5},  {"2**3**2", 512},
                                                  {"7//2", 3},        {"-7//2", -4}, {"(1\n+2)", 3},  {"1.5 + .5", 2},
                                                  {"--3", 3},         {"+ - 3", -3}, {"046.5", 46.5}, {"10 - 4 - 3", 3},
                                                  {"8 / 4 / 2", 1.0}, {"000", 0}};
  for (const auto& [text, value] : cases) EXPECT_EQ(python_arithmetic(text), value) << text;
}

TEST(PythonArithmetic, RaisesWherePythonRaises) {
  for (const char* text : {"", "046", "1 +", "1 2", "1\n+2", "(1", "1)", "1/0", "5//0", "0**-1", "2(3)", "1..2", ".",
                           "* 2", "(-8)**(1/3)", "()"})
    EXPECT_FALSE(python_arithmetic(text)) << text;
  EXPECT_FALSE(python_arithmetic(std::string(1 << 20, '('))) << "no stack runs over";
  EXPECT_FALSE(python_arithmetic(std::string(1 << 20, '-').append("1")));
}

}  // namespace
}  // namespace freeact
