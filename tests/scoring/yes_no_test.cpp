#include <gtest/gtest.h>

#include "message_of.h"
#include "scoring/scorer.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;

json answer(const std::string& rule, const std::string& response) {
  return find_scorer(rule).score({{"label", "yes"}, {"answer", "Yes"}}, response).answer;
}

TEST(Pope, OneOfTheTwoWordsAnywhereIsAVerdict) {
  EXPECT_EQ(answer("vlmevalkit/pope", "I would say YES, surely"), "Yes");
  EXPECT_EQ(answer("vlmevalkit/pope", "(no)"), "No");
  EXPECT_EQ(answer("vlmevalkit/pope", "yesterday"), "Unknown");
  EXPECT_EQ(answer("vlmevalkit/pope", "no, rather yes"), "Unknown");
}

TEST(Pope, ACommaBetweenDigitsGluesAllMarkedWords) {
  EXPECT_EQ(answer("vlmevalkit/pope", "of 2000: no-one"), "No");
  EXPECT_EQ(answer("vlmevalkit/pope", "of 2,000: no-one"), "Unknown");
}

TEST(Pope, LmmsEvalWantsTheWordAlone) {
  EXPECT_EQ(find_scorer("lmms-eval/pope").score({{"label", "no"}}, " NO\n").score, 1.0);
  EXPECT_EQ(find_scorer("lmms-eval/pope").score({{"label", "no"}}, "No.").score, 0.0);
}

TEST(Mme, LmmsEvalReadsFourCharacters) {
  EXPECT_EQ(answer("lmms-eval/mme", "No yes"), "no");
  EXPECT_EQ(answer("lmms-eval/mme", ". .yes"), "yes");
  EXPECT_EQ(answer("lmms-eval/mme", "été no"), "other");
  EXPECT_EQ(answer("lmms-eval/mme", "é no"), "no");
  EXPECT_EQ(answer("lmms-eval/mme", "N."), "no");
  EXPECT_EQ(answer("lmms-eval/mme", "yep"), "other");
}

TEST(Mme, ALabelThatIsNeitherIsRefused) {
  const auto message = message_of<UserError>([] { find_scorer("lmms-eval/mme").score({{"answer", "maybe"}}, "yes"); });
  EXPECT_NE(message.find("'answer'"), std::string::npos) << message;
}

// Items of a rule: what the documents say beside the responses.
std::vector<ScoredItem> items(const std::string& rule, const std::vector<std::pair<json, std::string>>& given) {
  std::vector<ScoredItem> all;
  for (const auto& [document, response] : given)
    all.push_back({document, response, find_scorer(rule).score(document, response)});
  return all;
}

// Two found, one missed with "no", one missed with neither word, one false alarm, one right "no".
std::vector<std::pair<json, std::string>> six_responses() {
  const json yes = {{"label", "yes"}, {"category", "random"}}, no = {{"label", "no"}, {"category", "popular"}};
  return {{yes, "yes"}, {yes, "Yes"}, {yes, "no"}, {yes, "perhaps"}, {no, "yes"}, {no, "no"}};
}

TEST(Pope, HarnessesDifferInWhatIsMissed) {
  const json by_vlmevalkit = find_pooling("vlmevalkit/pope").pool(items("vlmevalkit/pope", six_responses()));
  EXPECT_DOUBLE_EQ(by_vlmevalkit["Overall"]["recall"], 50);
  EXPECT_DOUBLE_EQ(by_vlmevalkit["Overall"]["precision"], 200.0 / 3);
  EXPECT_DOUBLE_EQ(by_vlmevalkit["Overall"]["acc"], 50);
  EXPECT_DOUBLE_EQ(by_vlmevalkit["random"]["F1"], 200.0 / 3);
  EXPECT_DOUBLE_EQ(by_vlmevalkit["popular"]["F1"], 0);
  const json by_lmms_eval = find_pooling("lmms-eval/pope").pool(items("lmms-eval/pope", six_responses()));
  EXPECT_DOUBLE_EQ(by_lmms_eval["recall"], 2.0 / 3);
  EXPECT_DOUBLE_EQ(by_lmms_eval["f1"], 2.0 / 3);
  EXPECT_DOUBLE_EQ(by_lmms_eval["accuracy"], 0.5);
  EXPECT_DOUBLE_EQ(by_lmms_eval["yes_ratio"], 4.0 / 6);
}

TEST(Pope, AnItemOfTwoCategoriesCountsTwiceInAll) {
  const json both = {{"label", "yes"}, {"category", "random,popular"}}, one = {{"label", "no"}, {"category", "random"}};
  const json figures = find_pooling("vlmevalkit/pope").pool(items("vlmevalkit/pope", {{both, "yes"}, {one, "yes"}}));
  EXPECT_DOUBLE_EQ(figures["Overall"]["acc"], 200.0 / 3);
  EXPECT_DOUBLE_EQ(figures["random"]["acc"], 50);
  EXPECT_DOUBLE_EQ(figures["popular"]["acc"], 100);
}

// A question with its answer and the response.
std::pair<json, std::string> question(const char* category, const char* image, const char* wanted,
                                      const char* response) {
  return {{{"category", category}, {"image", image}, {"answer", wanted}}, response};
}

TEST(Mme, CategoriesAddAccuracyAndThatOfPairs) {
  const std::vector<std::pair<json, std::string>> given = {question("color", "a", "Yes", "yes"),
                                                           question("color", "b", "Yes", "yes"),
                                                           question("color", "b", "No", "yes"),
                                                           question("color", "a", "No", "no"),
                                                           question("text_translation", "c", "Yes", "yes"),
                                                           question("text_translation", "c", "No", "no")};
  const json by_lmms_eval = find_pooling("lmms-eval/mme").pool(items("lmms-eval/mme", given));
  EXPECT_EQ(by_lmms_eval, json({{"perception", 75.0 + 50.0}, {"cognition", 200.0}}));
  const json by_vlmevalkit = find_pooling("vlmevalkit/mme").pool(items("vlmevalkit/mme", given));
  EXPECT_EQ(by_vlmevalkit, json({{"color", 125.0}, {"text_translation", 200.0}})) << "no sums of some categories alone";
}

TEST(Mme, SumsAreOverAllCategories) {
  std::vector<std::pair<json, std::string>> given;
  for (const char* category :
       {"code_reasoning", "commonsense_reasoning", "numerical_calculation", "text_translation"}) {
    given.push_back(question(category, "x", "Yes", "yes"));
    given.push_back(question(category, "x", "No", "yes"));
  }
  EXPECT_DOUBLE_EQ(find_pooling("vlmevalkit/mme").pool(items("vlmevalkit/mme", given))["reasoning"], 4 * 50.0);
}

TEST(Mme, AnImageWithOneQuestionIsRefused) {
  const auto lone = items("vlmevalkit/mme", {question("color", "a.jpg", "Yes", "yes")});
  const auto message = message_of<UserError>([&] { find_pooling("vlmevalkit/mme").pool(lone); });
  EXPECT_NE(message.find("a.jpg"), std::string::npos) << message;
}

}  // namespace
}  // namespace freeact
