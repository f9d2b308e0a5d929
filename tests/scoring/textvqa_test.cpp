#include <gtest/gtest.h>

#include "message_of.h"
#include "scoring/scorer.h"
#include "scoring/vqa_text.h"
#include "util/error.h"

namespace freeact {
namespace {

double score(const std::string& harness, const std::vector<std::string>& annotators, const std::string& response) {
  return find_scorer(harness + "/textvqa").score({{"answers", annotators}}, response).score.value();
}

TEST(TextVqa, ThreeOtherAnnotatorsBearAnAnswerOut) {
  for (const char* harness : {"vlmevalkit", "lmms-eval"}) {
    EXPECT_DOUBLE_EQ(score(harness, {"bus", "a bus", "van", "van"}, "The Bus"), (1 / 3.0 * 2 + 2 / 3.0 * 2) / 4)
        << harness;
    EXPECT_DOUBLE_EQ(score(harness, {"bus", "bus", "bus", "bus"}, "bus!"), 1) << harness;
    EXPECT_DOUBLE_EQ(score(harness, {"bus"}, "bus"), 0) << harness << ": nobody else bears it out";
  }
}

TEST(TextVqa, WordsStandForOthers) {
  for (const auto normalised : {vlmevalkit_vqa_text, lmms_eval_vqa_text}) {
    EXPECT_EQ(normalised("The Seven\tdwarfs werent An\nissue"), "7 dwarfs weren't issue");
    EXPECT_EQ(normalised("youdve lets youd've you'dve"), "youdve lets you'd've you'd've");
    EXPECT_EQ(normalised("somebody'd"), "somebodyd") << "a slip of the reference's table";
  }
}

TEST(TextVqa, AMarkBesideABlankGoesEverywhere) {
  for (const auto normalised : {vlmevalkit_vqa_text, lmms_eval_vqa_text}) {
    EXPECT_EQ(normalised("half-time"), "half time");
    EXPECT_EQ(normalised("half-time - end"), "halftime end");
  }
  EXPECT_EQ(vlmevalkit_vqa_text("1,5 half-time"), "15 halftime");
  EXPECT_EQ(lmms_eval_vqa_text("1,5 half-time"), "15 half time");
}

TEST(TextVqa, DotsStayInNumbers) {
  EXPECT_EQ(vlmevalkit_vqa_text("No. 3.5 vol. 7."), "no 3.5 vol 7.");
  EXPECT_EQ(lmms_eval_vqa_text("No. 3.5 vol. 7."), "no 3.5 vol 7");
}

TEST(TextVqa, ThirtyTwoDotsGoAtMost) {
  EXPECT_EQ(vlmevalkit_vqa_text(std::string(35, '.')), "...");
  EXPECT_EQ(lmms_eval_vqa_text(std::string(35, '.')), "...");
}

TEST(TextVqa, LmmsEvalSetsThePossessiveApart) {
  EXPECT_EQ(vlmevalkit_vqa_text("Mary's"), "mary's");
  EXPECT_EQ(lmms_eval_vqa_text("Mary's"), "mary 's");
}

TEST(TextVqa, AnswersThatAreNoTextsAreRefused) {
  const auto refusal = [](const nlohmann::json& answers) {
    return message_of<UserError>([&] { find_scorer("vlmevalkit/textvqa").score({{"answers", answers}}, "bus"); });
  };
  EXPECT_NE(refusal({"bus", 3}).find("'answers'"), std::string::npos);
  EXPECT_NE(refusal(nlohmann::json::array()).find("'answers'"), std::string::npos);
}

}  // namespace
}  // namespace freeact
