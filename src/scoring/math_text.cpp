// Sources: EleutherAI/lm-evaluation-harness 4e7e0d47, strip_string of tasks/hendrycks_math/utils.py (d1 837888f2 has
// the same in parser_helper.py) and normalize_final_answer of tasks/minerva_math/utils.py, by Lewkowycz et al. (2022),
// appendix D.
#include "scoring/math_text.h"

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "scoring/pattern.h"
#include "scoring/python_text.h"
#include "tokenizer/unicode.h"
#include "util/text.h"

namespace freeact {
namespace {

using Replacements = std::vector<std::pair<std::string, std::string>>;  // one after the other: the order matters

std::string replaced(std::string text, const Replacements& replacements) {
  for (const auto& [from, to] : replacements) text = replace_all(text, from, to);
  return text;
}

// str.split(separator).
std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> pieces;
  size_t begin = 0;
  for (size_t end; (end = text.find(separator, begin)) != std::string::npos; begin = end + separator.size())
    pieces.push_back(text.substr(begin, end - begin));
  pieces.push_back(text.substr(begin));
  return pieces;
}

std::string plain_commands(const std::string& text) {
  static const Replacements replacements = {{"\n", ""},        {"\\!", ""},    {"\\\\", "\\"},  {"tfrac", "frac"},
                                            {"dfrac", "frac"}, {"\\left", ""}, {"\\right", ""}, {"^{\\circ}", ""},
                                            {"^\\circ", ""},   {"\\$", ""}};
  return replaced(text, replacements);
}

// What stands before "\text{ ", which opens units. Two of them raise an exception in Python.
std::optional<std::string> without_right_unit(const std::string& text) {
  const auto pieces = split(text, "\\text{ ");
  if (pieces.size() > 2) return std::nullopt;
  return pieces.front();
}

// Twice as in the sources, where it matters to "\\%%" alone.
std::string without_percents(const std::string& text) {
  return replaced(text, {{"\\%", ""}, {"\\%", ""}});
}

std::string with_leading_zeros(const std::string& text) {
  const std::string result = replaced(text, {{" .", " 0."}, {"{.", "{0."}});
  return result.starts_with('.') ? "0" + result : result;
}

// "k = 5" becomes " 5": only a left side of one or two characters goes.
std::string without_left_side(const std::string& text) {
  const auto sides = split(text, "=");
  return sides.size() == 2 && code_points(sides[0]).size() <= 2 ? sides[1] : text;
}

// The first character gets braces, if it is none itself. text must not be empty.
std::string braced_argument(const std::string& text) {
  if (text.starts_with('{')) return text;
  const size_t length = first_code_point(text).length;
  return "{" + text.substr(0, length) + "}" + text.substr(length);
}

// \sqrt3 becomes \sqrt{3}. A root of nothing raises an exception.
std::optional<std::string> with_braced_roots(const std::string& text) {
  const auto pieces = split(text, "\\sqrt");
  std::string result = pieces.front();
  for (size_t i = 1; i < pieces.size(); ++i) {
    if (pieces[i].empty()) return std::nullopt;
    result += "\\sqrt" + braced_argument(pieces[i]);
  }
  return result;
}

// \frac12 becomes \frac{1}{2}, and \frac1{23} \frac{1}{23}. A fraction of nothing raises an exception; one that ends
// with a single character leaves the whole text as it was.
std::optional<std::string> with_braced_fractions(const std::string& text) {
  const auto pieces = split(text, "\\frac");
  std::string result = pieces.front();
  for (size_t i = 1; i < pieces.size(); ++i) {
    const std::string& piece = pieces[i];
    if (piece.empty()) return std::nullopt;
    result += "\\frac";
    if (piece.starts_with('{')) {
      result += piece;
      continue;
    }
    const size_t length = first_code_point(piece).length;
    if (length == piece.size()) return text;
    result += "{" + piece.substr(0, length) + "}" + braced_argument(piece.substr(length));
  }
  return result;
}

// Whether int(text) is a number.
bool is_python_integer(const std::string& text) {
  static const Pattern integer(R"([+-]?\d+(_\d+)*)");
  return integer.full_match(strip(text)).has_value();
}

// 14/3 becomes \frac{14}{3}. Numbers in another spelling than Python's own stay; anything else about a single slash
// raises an exception.
std::optional<std::string> with_slash_as_fraction(const std::string& text) {
  static const Pattern plain("(0|-?[1-9][0-9]*)/(0|-?[1-9][0-9]*)");
  const auto sides = split(text, "/");
  if (sides.size() != 2) return text;
  if (plain.full_match(text)) return "\\frac{" + sides[0] + "}{" + sides[1] + "}";
  if (!is_python_integer(sides[0]) || !is_python_integer(sides[1])) return std::nullopt;
  return text;
}

// re.sub with a function.
std::string rewritten(const std::string& text, const Pattern& pattern,
                      const std::function<std::string(const Match&)>& rewrite) {
  std::string result;
  size_t kept = 0;
  for (const Match& found : pattern.find_all(text)) {
    result.append(text, kept, found.begin - kept).append(rewrite(found));
    kept = found.end;
  }
  return result.append(text, kept);
}

std::string without_words(const std::string& text) {
  static const Replacements replacements = {
      {"an ", ""}, {"a ", ""},       {".$", "$"},           {"\\$", ""},          {"\\ ", ""},
      {" ", ""},   {"mbox", "text"}, {",\\text{and}", ","}, {"\\text{and}", ","}, {"\\text{m}", "\\text{}"}};
  return replaced(text, replacements);
}

// The list is gone through once, wherever the words stand: \left loses its "ft".
std::string without_units(std::string text) {
  constexpr std::string_view kRemoved[] = {"square",       "ways",
                                           "integers",     "dollars",
                                           "mph",          "inches",
                                           "ft",           "hours",
                                           "km",           "units",
                                           "\\ldots",      "sue",
                                           "points",       "feet",
                                           "minutes",      "digits",
                                           "cents",        "degrees",
                                           "cm",           "gm",
                                           "pounds",       "meters",
                                           "meals",        "edges",
                                           "students",     "childrentickets",
                                           "multiples",    "\\text{s}",
                                           "\\text{.}",    "\\text{\ns}",
                                           "\\text{}^2",   "\\text{}^3",
                                           "\\text{\n}",   "\\text{}",
                                           "\\mathrm{th}", "^\\circ",
                                           "^{\\circ}",    "\\;",
                                           ",\\!",         "{,}",
                                           "\"",           "\\dots"};
  for (const std::string_view words : kRemoved) text = replace_all(text, words, "");
  return text;
}

// Of each line that holds two dollars what lies between its first two; of some commands what they frame.
std::string without_frames(std::string text) {
  static const Pattern dollars(R"(.*?\$(.*?)\$.*)"), words(R"(\\text\{(.*?)\})"), bold(R"(\\textbf\{(.*?)\})"),
      overline(R"(\\overline\{(.*?)\})"), box(R"(\\boxed\{(.*)\})");
  text = rewritten(text, dollars, [](const Match& found) { return "$" + *found.groups[1] + "$"; });
  for (const Pattern& frame : {words, bold, overline, box})
    text = rewritten(text, frame, [](const Match& found) { return *found.groups[1]; });
  return text;
}

std::string with_braces(const std::string& text) {
  static const Pattern fraction("frac([^{])(.)"), root("sqrt([^{])");
  const std::string fractions = rewritten(
      text, fraction, [](const Match& found) { return "frac{" + *found.groups[1] + "}{" + *found.groups[2] + "}"; });
  return rewritten(fractions, root, [](const Match& found) { return "sqrt{" + *found.groups[1] + "}"; });
}

// str.isdigit(): decimal digits of any script and, of Unicode 14, those that are no decimals, like superscripts.
bool is_python_digits(const std::string& text) {
  static const Pattern digits(
      R"([\p{Nd}\x{B2}\x{B3}\x{B9}\x{1369}-\x{1371}\x{19DA}\x{2070}\x{2074}-\x{2079}\x{2080}-\x{2089})"
      R"(\x{2460}-\x{2468}\x{2474}-\x{247C}\x{2488}-\x{2490}\x{24EA}\x{24F5}-\x{24FD}\x{24FF}\x{2776}-\x{277E})"
      R"(\x{2780}-\x{2788}\x{278A}-\x{2792}\x{10A40}-\x{10A43}\x{10E60}-\x{10E68}\x{11052}-\x{1105A})"
      R"(\x{1F100}-\x{1F10A}]+)");
  return digits.full_match(text).has_value();
}

}  // namespace

std::optional<std::string> hendrycks_normalised(const std::string& text) {
  auto result = without_right_unit(plain_commands(text));
  if (result) result = with_braced_roots(without_left_side(with_leading_zeros(without_percents(*result))));
  if (result) result = with_braced_fractions(replace_all(*result, " ", ""));
  if (result == "0.5") return "\\frac{1}{2}";
  if (result) result = with_slash_as_fraction(*result);
  return result;
}

bool hendrycks_equal(const std::string& answer, const std::string& gold) {
  const auto one = hendrycks_normalised(answer), other = hendrycks_normalised(gold);
  return one && other ? *one == *other : answer == gold;
}

std::string minerva_normalised(const std::string& text) {
  const std::string right_side = split(text, "=").back();
  const std::string bare = without_frames(without_units(without_words(right_side)));
  const std::string result = replace_all(with_braces(bare), "$", "");
  const std::string joined = replace_all(result, ",", "");
  return is_python_digits(joined) ? joined : result;
}

}  // namespace freeact
