// Sources: open-compass/VLMEvalKit e8e78f05, vlmeval/smp/misc.py and vlmeval/dataset/utils/vqa_eval.py;
// EvolvingLMMs-Lab/lmms-eval 75571cfe, lmms_eval/tasks/_task_utils/vqa_eval_metric.py.
#include "scoring/vqa_text.h"

#include <map>

#include "scoring/pattern.h"
#include "scoring/python_text.h"
#include "tokenizer/unicode.h"
#include "util/text.h"

namespace freeact {
namespace {

// lmms-eval takes commas out before, so that they decide nothing there.
std::string without_signs(const std::string& text) {
  static const Pattern comma_in_number(R"(\d,\d)");
  const bool all = comma_in_number.search(text).has_value();
  std::string result = text;
  for (const char sign : std::string_view(";/[]\"{}()=+\\_-><@`,?!")) {
    const std::string mark(1, sign);
    const bool beside_blank = text.find(mark + " ") != std::string::npos || text.find(" " + mark) != std::string::npos;
    result = replace_all(result, mark, all || beside_blank ? "" : " ");
  }
  return result;
}

// Both harnesses hand re.sub the flag re.UNICODE where the number of replacements belongs: it counts as 32.
std::string without_first_dots(const Pattern& dot, std::string text) {
  constexpr size_t kAtMost = 32;
  auto found = dot.find_all(text);
  if (found.size() > kAtMost) found.erase(found.begin() + kAtMost, found.end());
  for (auto match = found.rbegin(); match != found.rend(); ++match) text.erase(match->begin, match->end - match->begin);
  return text;
}

constexpr const char* kContractions =
    "'ow's'at 'twas ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't "
    "haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am might've mightn't mightn't've "
    "must've mustn't needn't not've o'clock oughtn't shan't she'd've should've shouldn't shouldn't've "
    "somebody'd've somebody'll somebody's someone'd someone'd've someone'll someone's something'd something'd've "
    "something'll that's there'd there'd've there're there's they'd they'd've they'll they're they've wasn't "
    "we'd've we've weren't what'll what're what's what've when's where'd where's where've who'd who'd've who'll "
    "who's who've why'll why're why's won't would've wouldn't wouldn't've y'all y'all'd've y'all'll you'd "
    "you'd've you'll you're you've";

// Each contraction by what is left of it without one of its apostrophes: dont, couldnt've, couldn'tve.
std::map<std::string, std::string> contractions() {
  std::map<std::string, std::string> full = {{"somebody'd", "somebodyd"}};  // the reference's slip
  for (const auto& contraction : python_split(kContractions))
    for (size_t at = contraction.find('\''); at != std::string::npos; at = contraction.find('\'', at + 1))
      full[std::string(contraction).erase(at, 1)] = contraction;
  return full;
}

// What a word counts as: most as themselves, articles as nothing.
std::string word_value(const std::string& word) {
  static const std::map<std::string, std::string> values = [] {
    std::map<std::string, std::string> all = contractions();
    all.insert(
        {{"none", "0"}, {"zero", "0"}, {"one", "1"}, {"two", "2"}, {"three", "3"}, {"four", "4"}, {"five", "5"}});
    all.insert({{"six", "6"}, {"seven", "7"}, {"eight", "8"}, {"nine", "9"}, {"ten", "10"}});
    all.insert({{"a", ""}, {"an", ""}, {"the", ""}});
    return all;
  }();
  const auto found = values.find(word);
  return found == values.end() ? word : found->second;
}

std::string with_word_values(const std::string& text) {
  std::string result;
  for (const auto& word : python_split(python_lower(text))) {
    const std::string value = word_value(word);
    if (!value.empty()) result += (result.empty() ? "" : " ") + value;
  }
  return result;
}

std::string on_one_line(const std::string& text) {
  return std::string(strip(replace_all(replace_all(text, "\n", " "), "\t", " ")));
}

}  // namespace

std::string vlmevalkit_without_marks(const std::string& text) {
  static const Pattern dot(R"((?<!\d)\.(?!\d))");
  return without_first_dots(dot, without_signs(text));
}

std::string vlmevalkit_vqa_text(const std::string& answer) {
  return with_word_values(vlmevalkit_without_marks(on_one_line(answer)));
}

// Its expression for dots would look behind for a digit but is misspelt, so that a dot behind a number goes too.
std::string lmms_eval_vqa_text(const std::string& answer) {
  static const Pattern dot(R"(\.(?!\d))");
  std::string text = replace_all(replace_all(python_lower(answer), ",", ""), "?", "");
  text = on_one_line(std::string(strip(replace_all(text, "'s", " 's"))));
  return with_word_values(without_first_dots(dot, without_signs(text)));
}

}  // namespace freeact
