// DocVQA and InfoVQA by the average normalised Levenshtein similarity. Sources: open-compass/VLMEvalKit e8e78f05,
// anls_compute and hit_calculate of vlmeval/dataset/utils/vqa_eval.py; EvolvingLMMs-Lab/lmms-eval 75571cfe, anls of
// lmms_eval/api/metrics.py.
#include <utf8proc.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "scoring/document_texts.h"
#include "scoring/python_text.h"
#include "scoring/rules.h"

namespace freeact {
namespace {

using nlohmann::json;

constexpr double kThreshold = 0.5;  // a similarity below it is none

size_t levenshtein_distance(const std::u32string& a, const std::u32string& b) {
  std::vector<size_t> row(a.size() + 1);  // from every front of a to the front of b so far
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t j = 0; j < b.size(); ++j) {
    size_t diagonal = std::exchange(row[0], j + 1);
    for (size_t i = 0; i < a.size(); ++i) {
      const size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[i + 1];
      row[i + 1] = std::min({changed, row[i] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// Of str.upper(), which makes two or three letters of some ("ß" becomes "SS"). Full case folding lengthens the same
// letters and two capitals, which upper() leaves alone.
size_t upper_length(const std::u32string& text) {
  size_t length = 0;
  for (const char32_t value : text) {
    const bool stays = value == 0x130 || value == 0x1E9E;
    utf8proc_int32_t folded[8];
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(value), folded, 8, UTF8PROC_CASEFOLD, &boundary);
    length += stays || count < 1 ? 1 : static_cast<size_t>(count);
  }
  return length;
}

std::u32string normalised(const std::string& text) {
  std::string joined;
  for (const auto& word : python_split(python_lower(text))) joined += (joined.empty() ? "" : " ") + word;
  return code_points(joined);
}

// The longer of the raw texts divides, so that blanks which are folded away count there alone.
double relative_distance(const std::string& answer, const std::string& response) {
  const size_t length = std::max(upper_length(code_points(answer)), upper_length(code_points(response)));
  if (length == 0) return 0;
  return static_cast<double>(levenshtein_distance(normalised(answer), normalised(response))) /
         static_cast<double>(length);
}

Scored anls(const json& document, const std::string& response) {
  double nearest = std::numeric_limits<double>::infinity();
  for (const auto& answer : document_texts(document, "answers"))
    nearest = std::min(nearest, relative_distance(answer, response));
  const double similarity = 1 - nearest;
  return {.answer = response, .score = similarity < kThreshold ? 0.0 : similarity};
}

json percent(const std::vector<ScoredItem>& items) {
  double sum = 0;
  for (const auto& item : items) sum += item.scored.score.value_or(0);
  return items.empty() ? json() : json(sum / static_cast<double>(items.size()) * 100);
}

}  // namespace

std::vector<Scorer> docvqa_scorers() {
  std::vector<Scorer> all;
  for (const std::string harness : {"vlmevalkit", "lmms-eval"})
    for (const std::string task : {"docvqa", "infovqa"})
      all.push_back({harness + "/" + task,
                     "1 - edit distance / longer length to the nearest answer, without case; below 0.5 it is 0", anls});
  return all;
}

std::vector<Pooling> docvqa_poolings() {
  const std::string about = "the mean, in percent";
  return {{"vlmevalkit/docvqa", about, percent}, {"vlmevalkit/infovqa", about, percent}};
}

}  // namespace freeact
