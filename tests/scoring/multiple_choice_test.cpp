#include <gtest/gtest.h>

#include "scoring/scorer.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;

json fruit() {
  return {{"options", {{"A", "Apple"}, {"B", "Banana"}, {"C", "Cherry"}, {"D", "Date"}}}, {"answer", "C"}};
}

Scored scored(const std::string& rule, const std::string& response, const json& document = fruit()) {
  return find_scorer(rule).score(document, response);
}

TEST(MultipleChoice, VlmEvalKitReadsALetterAmongTheLastWords) {
  EXPECT_EQ(scored("vlmevalkit/multiple_choice", "It must be {C}!").score, 1.0);
  EXPECT_EQ(scored("vlmevalkit/multiple_choice", "C as one can see").answer, "Z");
  EXPECT_EQ(scored("vlmevalkit/multiple_choice", "C as I see").answer, "C");
  EXPECT_EQ(scored("vlmevalkit/multiple_choice", "Not A. The answer is c since the fruit is red").answer, "C");
}

TEST(MultipleChoice, VlmEvalKitReadsAnOptionTextOfShortAnswersAlone) {
  EXPECT_EQ(scored("vlmevalkit/multiple_choice", "a red CHERRY").answer, "C");
  EXPECT_EQ(scored("vlmevalkit/multiple_choice", "cherry or date").answer, "Z");
  EXPECT_EQ(scored("vlmevalkit/multiple_choice", "cherry" + std::string(60, '?')).answer, "Z");
}

TEST(MultipleChoice, MmbenchTakesMarksOnlyBesideTheLetter) {
  EXPECT_EQ(scored("lmms-eval/mmbench_rules", "it is (C).").answer, "C");
  EXPECT_TRUE(scored("lmms-eval/mmbench_rules", "it is {C}").answer.is_null());
  EXPECT_TRUE(scored("lmms-eval/mmbench_rules", "A thing to eat").answer.is_null());
  EXPECT_EQ(scored("lmms-eval/mmbench_rules", "A thing to eat: cherry").answer, "C");
}

TEST(MultipleChoice, MmmuTakesTheLastAndDrawsWhereNothingIsFound) {
  EXPECT_EQ(scored("lmms-eval/mmmu", "Not (C) but (B), unlike A ").answer, "B");
  EXPECT_EQ(scored("lmms-eval/mmmu", "neither B nor C").answer, "C");
  EXPECT_EQ(scored("lmms-eval/mmmu", "the banana looks less likely than cherry").answer, "C");
  const Scored drawn = scored("lmms-eval/mmmu", "cherry");
  EXPECT_EQ(drawn.answer, "random");
  EXPECT_FALSE(drawn.score);
}

TEST(MultipleChoice, LettersAtTheStart) {
  EXPECT_EQ(scored("lmms-eval/ai2d", " C. cherry").score, 1.0);
  EXPECT_EQ(scored("lmms-eval/ai2d", "{c}").score, 1.0);
  EXPECT_EQ(scored("lmms-eval/scienceqa", "C.").score, 1.0);
  EXPECT_EQ(scored("lmms-eval/scienceqa", "c.").score, 0.0);
  EXPECT_EQ(scored("lmms-eval/blink", "( c)").score, 1.0);
  EXPECT_EQ(scored("lmms-eval/blink", "it is C").answer, "I");
}

TEST(MultipleChoice, DocumentsWithoutOptionsAreRefused) {
  EXPECT_THROW(scored("vlmevalkit/multiple_choice", "A", {{"answer", "A"}}), UserError);
}

ScoredItem rotation(int index, const std::string& answer, const std::string& response) {
  const json document = {{"index", index}, {"A", "left"}, {"B", "right"}, {"answer", answer}};
  return {document, response, scored("vlmevalkit/mmbench", response, document)};
}

TEST(MmBench, AQuestionIsRightIfAllItsRotationsAre) {
  const std::vector<ScoredItem> items = {rotation(3, "A", "A"), rotation(4, "B", "B"), rotation(1'000'003, "B", "B"),
                                         rotation(1'000'004, "A", "who knows"), rotation(5, "A", "B")};
  EXPECT_DOUBLE_EQ(find_pooling("vlmevalkit/mmbench").pool(items), 1 / 3.0);
}

Scored open(const std::string& response, const json& answer) {
  return scored("mmmu_eval_open_all_candidates/mmmu_open", response, {{"answer", answer}});
}

TEST(MmmuOpen, TheEndOfAConcludingLineIsSearchedForNumbersAndWords) {
  EXPECT_EQ(open("With 3 rows of 5\nthe result is 15 apples.", "15").score, 1.0);
  EXPECT_EQ(open("With 3 rows of 5\nthe result is 15 apples.", "3").score, 0.0);
  EXPECT_EQ(open("x = 2,500.004", "2500").score, 1.0);
  EXPECT_EQ(open("so it is the Red Sea", json{"Black Sea", "red sea"}).score, 1.0);
}

TEST(MmmuOpen, LettersAreFoundAsWordsAlone) {
  EXPECT_EQ(open("vertex k", "K").score, 1.0);
  EXPECT_EQ(open("bank", "K").score, 0.0);
}

TEST(MmmuOpen, CandidatesAreShownAsPythonPrintsThem) {
  EXPECT_EQ(open("is 7 or 1.005", "7").answer, json({"1.0", "7 or 1.005", "7.0"}));
}

}  // namespace
}  // namespace freeact
