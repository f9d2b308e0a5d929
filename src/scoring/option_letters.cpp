// Sources: open-compass/VLMEvalKit e8e78f05, vlmeval/utils/matching_util.py; EvolvingLMMs-Lab/lmms-eval 75571cfe,
// lmms_eval/tasks/mmbench/mmbench_evals.py and lmms_eval/tasks/_task_utils/mmmu_mcq_utils.py.
#include "scoring/option_letters.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "scoring/pattern.h"
#include "scoring/python_text.h"
#include "scoring/scorer.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;

constexpr const char* kNoApiAnswer = "Failed to obtain answer via API";
constexpr char kRefusal = 'Z';

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

using Letters = std::vector<char>;

Letters letters_of(const Options& options) {
  Letters letters;
  for (const auto& [letter, text] : options) letters.push_back(letter);
  return letters;
}

Letters kept(const Letters& letters, const std::function<bool(char)>& is_kept) {
  Letters result;
  std::ranges::copy_if(letters, std::back_inserter(result), is_kept);
  return result;
}

std::optional<char> only(const Letters& letters) {
  return letters.size() == 1 ? std::optional(letters.front()) : std::nullopt;
}

Letters named_by_text(const std::string& answer, const Options& options) {
  const std::string lower = python_lower(answer);
  return kept(letters_of(options), [&](char letter) { return contains(lower, python_lower(options.at(letter))); });
}

bool is_refusal(const std::string& answer) {
  constexpr const char* kRefusals[] = {"Sorry, I can't help with images of people yet.", "I can't process this file.",
                                       "I'm sorry, but without the image provided", "Cannot determine the answer"};
  return std::ranges::any_of(kRefusals, [&](const char* refusal) { return contains(answer, refusal); });
}

std::vector<std::string> words_without_marks(std::string answer) {
  constexpr std::string_view kMarks = ".()[],:;!*#{}";
  for (char& unit : answer)
    if (kMarks.find(unit) != std::string_view::npos) unit = ' ';
  return python_split(answer);
}

// The sentence of an answer that explains itself, "The correct answer is **B**. Here is why".
std::optional<char> letter_of_sentence(const std::string& answer, const Options& options) {
  static const Pattern sentence(R"(answer[\s\x1c-\x1f]+is[\s\x1c-\x1f]+\**([ABCD]))", {.ignore_case = true});
  const auto found = sentence.search(answer);
  if (!found) return std::nullopt;
  const char letter = static_cast<char>(found->groups[1]->front() & ~0x20);  // the capital
  return options.contains(letter) ? std::optional(letter) : std::nullopt;
}

// A letter that is a word counts if it is the only one and first stands among the last four words.
std::optional<char> vlmevalkit_letter_of_words(const std::string& answer, const Options& options) {
  constexpr long kLastWords = 4;
  if (contains(answer, kNoApiAnswer)) return std::nullopt;
  if (is_refusal(answer)) return kRefusal;
  const auto words = words_without_marks(answer);
  const Letters named = kept(letters_of(options), [&](char letter) { return contains(words, std::string(1, letter)); });
  if (const auto letter = only(named)) {
    if (words.end() - std::ranges::find(words, std::string(1, *letter)) <= kLastWords) return letter;
  } else if (named.empty() && contains(words, std::string(1, kRefusal))) {
    return kRefusal;
  }
  return letter_of_sentence(answer, options);
}

// Long answers name no option by its text: they would name it by chance.
std::optional<char> vlmevalkit_letter_of_text(const std::string& answer, const Options& options) {
  size_t length = 0;
  for (const auto& [letter, text] : options) length += code_points(text).size();
  if (code_points(python_lower(answer)).size() > 2 * length) return std::nullopt;
  return only(named_by_text(answer, options));
}

std::optional<char> mmbench_letter_of_words(const std::string& answer) {
  static const std::vector<std::pair<std::string, std::string>> kMarks = {
      {"", "."},   {"", ","}, {"", ":"},  {"", ")"},  {"", ")."}, {"(", ")"},
      {"(", ")."}, {":", ""}, {":", ","}, {":", "."}, {":", ")"}, {":", ")."}};
  if (contains(answer, kNoApiAnswer)) return std::nullopt;
  const auto words = python_split(answer);
  const auto named = [&](const std::string& before, const std::string& after) {
    return only(kept({'A', 'B', 'C', 'D', 'E'}, [&](char letter) { return contains(words, before + letter + after); }));
  };
  const auto bare = named("", "");
  const bool may_be_article = bare == 'A' && words.size() > 3;
  if (bare && !may_be_article) return bare;
  for (const auto& [before, after] : kMarks)
    if (const auto marked = named(before, after)) return marked;
  return std::nullopt;
}

// Of several candidates the one whose text is found last; the first of them where none is found.
char last_found(const std::string& answer, const Letters& candidates, const std::function<std::string(char)>& text_of) {
  const auto place = [&](char letter) { return static_cast<long>(answer.rfind(text_of(letter))); };  // -1: nowhere
  return *std::ranges::max_element(candidates, {}, place);
}

}  // namespace

Options options_of(const json& document) {
  const json& from = document.contains("options") ? document.at("options") : document;
  Options options;
  for (char letter = 'A'; letter <= 'Z'; ++letter) {
    const auto found = from.find(std::string(1, letter));
    if (found == from.end() || found->is_null()) continue;
    options[letter] = found->is_string() ? found->get<std::string>() : found->dump();
  }
  if (options.empty()) throw UserError("the document has no options, which the scorer reads");
  return options;
}

std::optional<char> vlmevalkit_letter(const std::string& answer, const Options& options) {
  const auto letter = vlmevalkit_letter_of_words(answer, options);
  return letter ? letter : vlmevalkit_letter_of_text(answer, options);
}

std::optional<char> mmbench_letter(const std::string& answer, const Options& options) {
  if (const auto letter = mmbench_letter_of_words(answer)) return letter;
  Options four = options;
  std::erase_if(four, [](const auto& option) { return option.first > 'D'; });
  return only(named_by_text(answer, four));
}

std::optional<char> mmmu_letter(const std::string& answer, const Options& options) {
  std::string_view stripped = answer;
  for (const char* mark : {",", ".", "!", "?", ";", ":", "'"}) stripped = python_strip(stripped, mark);
  const std::string padded = fmt::format(" {} ", stripped);
  const auto named = [&](const std::string& before, const std::string& after) {
    return kept(letters_of(options), [&](char letter) { return contains(padded, before + letter + after); });
  };
  if (const Letters letters = named("(", ")"); !letters.empty())
    return last_found(padded, letters, [](char letter) { return fmt::format("({})", letter); });
  for (const char* after : {" ", "."})
    if (const Letters letters = named("", after); !letters.empty())
      return last_found(padded, letters, [](char letter) { return fmt::format(" {} ", letter); });
  const Letters by_text = python_split(padded).size() > 5 ? named_by_text(padded, options) : Letters();
  if (by_text.empty()) return std::nullopt;
  return last_found(python_lower(padded), by_text, [&](char letter) { return python_lower(options.at(letter)); });
}

}  // namespace freeact
