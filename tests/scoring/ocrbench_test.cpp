#include <gtest/gtest.h>

#include "message_of.h"
#include "scoring/scorer.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;

double score(const std::string& harness, const json& answers, const std::string& response, bool formula = false) {
  const char* type = formula ? "Handwritten Mathematical Expression Recognition" : "Doc-oriented VQA";
  const json document = {{"answers", answers}, {"type", type}, {"dataset_name", formula ? "HME100k" : "docVQA"}};
  return find_scorer(harness + "/ocrbench").score(document, response).score.value();
}

TEST(OcrBench, AnyAnswerWithinTheTextCounts) {
  for (const char* harness : {"vlmevalkit", "lmms-eval"}) {
    EXPECT_EQ(score(harness, {"12 May", "12. May"}, "dated\n12.\nMAY 1990"), 1) << harness;
    EXPECT_EQ(score(harness, "May 13", "May 1 3"), 0) << harness;
    EXPECT_EQ(score(harness, " Éclair\n", "ÉCLAIR"), 1) << harness;
  }
}

TEST(OcrBench, FormulasKeepTheirCaseButNoBlanks) {
  for (const char* harness : {"vlmevalkit", "lmms-eval"}) {
    EXPECT_EQ(score(harness, "\\frac { A } 2\n", "$\\frac{A}{2}$", true), 0) << harness;
    EXPECT_EQ(score(harness, "\\frac { A } 2\n", "$\\frac{A}\n2$", true), 1) << harness;
    EXPECT_EQ(score(harness, "\\frac { A } 2\n", "\\frac{a}2", true), 0) << harness;
  }
}

TEST(OcrBench, LmmsEvalAloneFoldsFullWidthLetters) {
  EXPECT_EQ(score("lmms-eval", "exit 7!", "ＥＸＩＴ　７！"), 1);
  EXPECT_EQ(score("vlmevalkit", "exit 7!", "ＥＸＩＴ　７！"), 0);
  EXPECT_EQ(score("lmms-eval", "X", "Ｘ", true), 0);
}

TEST(OcrBench, SumsGoByHeading) {
  std::vector<ScoredItem> items;
  const auto add = [&](const char* type, double value) {
    items.push_back({{{"type", type}}, "", {.answer = "", .score = value}});
  };
  add("Regular Text Recognition", 1);
  add("Handwriting Recognition", 1);
  add("Key Information Extraction", 1);
  add("Key Information Extraction", 0);
  const json sums = find_pooling("vlmevalkit/ocrbench").pool(items);
  EXPECT_EQ(sums["Text Recognition"], 2);
  EXPECT_EQ(sums["Key Information Extraction"], 1);
  EXPECT_EQ(sums["Scene Text-centric VQA"], 0);
  EXPECT_EQ(sums["Final Score"], 3);
  EXPECT_DOUBLE_EQ(sums["Final Score Norm"], 0.3);
  EXPECT_DOUBLE_EQ(find_pooling("lmms-eval/ocrbench").pool(items)["accuracy"], 0.003);
  add("Sign Reading", 0);
  const auto message = message_of<UserError>([&] { find_pooling("vlmevalkit/ocrbench").pool(items); });
  EXPECT_NE(message.find("Sign Reading"), std::string::npos) << message;
}

}  // namespace
}  // namespace freeact
