// Sources: open-compass/VLMEvalKit e8e78f05, vlmeval/dataset/image_yorn.py and vlmeval/dataset/utils/yorn.py;
// EvolvingLMMs-Lab/lmms-eval 75571cfe, lmms_eval/tasks/pope/utils.py and lmms_eval/tasks/mme/utils.py.
#include <algorithm>
#include <array>
#include <map>

#include "scoring/pattern.h"
#include "scoring/python_text.h"
#include "scoring/rules.h"
#include "scoring/vqa_text.h"
#include "tokenizer/unicode.h"
#include "util/error.h"
#include "util/text.h"

namespace freeact {
namespace {

using nlohmann::json;

std::string stripped_lower(const std::string& text) {
  return std::string(strip(python_lower(text)));
}

// VLMEvalKit: the one of the two words that the response has, no judge asked where it has both or neither.
std::string word_among_words(const std::string& response) {
  const auto words = python_split(vlmevalkit_without_marks(python_lower(response)));
  const bool yes = std::ranges::find(words, "yes") != words.end(), no = std::ranges::find(words, "no") != words.end();
  if (yes == no) return "Unknown";
  return yes ? "Yes" : "No";
}

// lmms-eval on MME: a word within the first four characters, dots left out, or its letter alone: "Not sure" says no.
std::string word_at_the_front(const std::string& response) {
  static const Pattern yes(R"(y\z|.?yes)", {.dot_all = true}), no(R"(n\z|.{0,2}no)", {.dot_all = true});
  const std::string text = replace_all(stripped_lower(response), ".", "");
  if (yes.match(text)) return "yes";
  return no.match(text) ? "no" : "other";
}

std::string yes_or_no(const json& document, const std::string& key) {
  const std::string text = replace_all(stripped_lower(document_text(document, key)), ".", "");
  if (text != "yes" && text != "no") throw UserError("'{}' of the document must be yes or no, but is '{}'", key, text);
  return text;
}

Scored equality(const std::string& answer, const std::string& wanted) {
  return {.answer = answer, .score = answer == wanted ? 1.0 : 0.0};
}

Scored vlmevalkit_pope_score(const json& document, const std::string& response) {
  return equality(word_among_words(response), yes_or_no(document, "label") == "yes" ? "Yes" : "No");
}

Scored lmms_eval_pope_score(const json& document, const std::string& response) {
  return equality(stripped_lower(response), yes_or_no(document, "label"));
}

Scored vlmevalkit_mme_score(const json& document, const std::string& response) {
  return equality(word_among_words(response), document_text(document, "answer"));
}

Scored lmms_eval_mme_score(const json& document, const std::string& response) {
  return equality(word_at_the_front(response), yes_or_no(document, "answer"));
}

double ratio(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

// What a detector of "yes" found and missed.
struct Detection {
  double right = 0, wrong = 0, missed = 0;
  double precision() const { return ratio(right, right + wrong); }
  double recall() const { return ratio(right, right + missed); }
  double f1() const { return ratio(2 * precision() * recall(), precision() + recall()); }
};

// yes and no are what the harness writes for these answers; without a `no`, all that is no yes is one.
Detection detection(const std::vector<const ScoredItem*>& items, const json& yes, const std::optional<json>& no) {
  Detection sum;
  for (const ScoredItem* item : items) {
    const json& answer = item->scored.answer;
    const bool wanted = yes_or_no(item->document, "label") == "yes", found = answer == yes;
    if (found) ++(wanted ? sum.right : sum.wrong);
    if (wanted && !found && (!no || answer == *no)) ++sum.missed;
  }
  return sum;
}

double mean_score(const std::vector<const ScoredItem*>& items) {
  double sum = 0;
  for (const ScoredItem* item : items) sum += *item->scored.score;
  return ratio(sum, static_cast<double>(items.size()));
}

json percentages(const std::vector<const ScoredItem*>& items) {
  const Detection found = detection(items, "Yes", std::nullopt);
  return {{"F1", 100 * found.f1()},
          {"acc", 100 * mean_score(items)},
          {"precision", 100 * found.precision()},
          {"recall", 100 * found.recall()}};
}

// An item of several categories, "random,popular", counts as several: in the figures over all as well.
json vlmevalkit_pope(const std::vector<ScoredItem>& items) {
  static const Pattern category("[^,]+");
  std::map<std::string, std::vector<const ScoredItem*>> splits;
  for (const auto& item : items)
    for (const Match& found : category.find_all(document_text(item.document, "category"))) {
      splits["Overall"].push_back(&item);
      splits[found.text()].push_back(&item);
    }
  json figures = json::object();
  for (const auto& [name, members] : splits) figures[name] = percentages(members);
  return figures;
}

json lmms_eval_pope(const std::vector<ScoredItem>& items) {
  std::vector<const ScoredItem*> all;
  double labels = 0;
  for (const auto& item : items) {
    all.push_back(&item);
    if (yes_or_no(item.document, "label") == "yes") ++labels;
  }
  const Detection found = detection(all, "yes", "no");
  return {{"accuracy", mean_score(all)},
          {"precision", found.precision()},
          {"recall", found.recall()},
          {"f1", found.f1()},
          {"yes_ratio", ratio(labels, static_cast<double>(all.size()))}};  // of the labels, not of the answers
}

constexpr std::array<const char*, 10> kPerception = {"OCR",       "artwork",  "celebrity", "color",   "count",
                                                     "existence", "landmark", "position",  "posters", "scene"};
constexpr std::array<const char*, 4> kReasoning = {"code_reasoning", "commonsense_reasoning", "numerical_calculation",
                                                   "text_translation"};

// MME's score of a category: the share of right answers and that of images with both questions right, in percent.
double category_score(const std::map<std::string, std::vector<double>>& images) {
  double right = 0, questions = 0, pairs = 0;
  for (const auto& [image, scores] : images) {
    if (scores.size() != 2) throw UserError("MME asks 2 questions of an image, but {} of '{}'", scores.size(), image);
    right += scores[0] + scores[1];
    pairs += scores[0] * scores[1];
    questions += 2;
  }
  return 100 * right / questions + 100 * pairs / static_cast<double>(images.size());
}

std::map<std::string, double> category_scores(const std::vector<ScoredItem>& items) {
  std::map<std::string, std::map<std::string, std::vector<double>>> categories;
  for (const auto& item : items)
    categories[document_text(item.document, "category")][document_text(item.document, "image")].push_back(
        *item.scored.score);
  std::map<std::string, double> scores;
  for (const auto& [category, images] : categories) scores[category] = category_score(images);
  return scores;
}

template <size_t n>
void add_sum(const char* name, const std::array<const char*, n>& categories, json& figures) {
  double sum = 0;
  for (const char* category : categories) {
    if (!figures.contains(category)) return;  // part of a sum would pass for the whole
    sum += figures.at(category).get<double>();
  }
  figures[name] = sum;
}

json vlmevalkit_mme(const std::vector<ScoredItem>& items) {
  json figures = category_scores(items);
  add_sum("perception", kPerception, figures);
  add_sum("reasoning", kReasoning, figures);
  return figures;
}

// Of the categories that were asked; one that it does not know is cognition.
json lmms_eval_mme(const std::vector<ScoredItem>& items) {
  json sums = json::object();
  for (const auto& [category, score] : category_scores(items)) {
    const char* name = std::ranges::find(kPerception, category) != kPerception.end() ? "perception" : "cognition";
    sums[name] = sums.value(name, 0.0) + score;
  }
  return sums;
}

}  // namespace

std::vector<Scorer> pope_scorers() {
  return {{"vlmevalkit/pope", "the word yes or no, not both, anywhere", vlmevalkit_pope_score},
          {"lmms-eval/pope", "the whole text, yes or no", lmms_eval_pope_score}};
}

std::vector<Scorer> mme_scorers() {
  return {{"vlmevalkit/mme", "the word yes or no, not both, anywhere", vlmevalkit_mme_score},
          {"lmms-eval/mme", "yes or no within the first four characters", lmms_eval_mme_score}};
}

std::vector<Pooling> pope_poolings() {
  return {{"vlmevalkit/pope", "F1, accuracy, precision and recall by category; all that is no Yes is a no",
           vlmevalkit_pope},
          {"lmms-eval/pope", "accuracy, precision, recall, F1; only a no is a missed yes", lmms_eval_pope}};
}

std::vector<Pooling> mme_poolings() {
  return {
      {"vlmevalkit/mme", "accuracy plus that of image pairs by category, and the sums of both groups", vlmevalkit_mme},
      {"lmms-eval/mme", "accuracy plus that of image pairs, summed over the categories of both groups", lmms_eval_mme}};
}

}  // namespace freeact
