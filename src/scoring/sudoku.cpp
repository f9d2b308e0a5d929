// 4x4 sudoku. Sources: dllm-reasoning/d1 837888f2, parse_and_get_acc.py; HKUNLP/Dream a1b4472a, eval_planning.
#include <array>
#include <set>

#include "scoring/pattern.h"
#include "scoring/rules.h"
#include "tokenizer/unicode.h"
#include "util/error.h"
#include "util/text.h"

namespace freeact {
namespace {

using nlohmann::json;

constexpr size_t kSide = 4, kCells = kSide * kSide;

std::string cells_of(const json& document, const char* key) {
  const std::string cells = document_text(document, key);
  if (cells.size() != kCells) throw UserError("'{}' of a sudoku must be {} digits, but is '{}'", key, kCells, cells);
  return cells;
}

// The first of five patterns that gives more than white space; the text without its white space.
std::string d1_cells(const std::string& response) {
  static const std::array<Pattern, 5> patterns = {
      Pattern(R"(<answer>.*?```\s*([\d\s]+)```)", {.dot_all = true}),
      Pattern(R"(<answer>(.*?)(?:<\|eot_id\|>|<\|endoftext\|>|</answer>))", {.dot_all = true}),
      Pattern(R"(</answer>\s*(.*?)(?:<\|eot_id\|>|<\|endoftext\|>|$))", {.dot_all = true}),
      Pattern(R"(.*?(\d{16})\s*</answer>)", {.dot_all = true}), Pattern(R"(\b(\d{16})\b)", {.dot_all = true})};
  static const Pattern white_space(R"(\s)");
  for (const Pattern& pattern : patterns)
    if (const auto found = pattern.search(response); found && !strip(*found->groups[1]).empty())
      return white_space.replace_all(*found->groups[1], "");
  return "";
}

// Characters of a text, which need not be single bytes.
std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const size_t length = first_code_point(text).length;
    all.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return all;
}

// Sixteen characters: cut, or filled up with zeros; nothing stays nothing.
std::vector<std::string> sixteen(const std::string& text) {
  auto cells = characters(text);
  if (!cells.empty()) cells.resize(kCells, "0");
  return cells;
}

// Only empty cells count: a given digit that was changed is not looked at.
Scored d1_score(const json& document, const std::string& response) {
  const std::string puzzle = cells_of(document, "puzzle"), solution = cells_of(document, "answer");
  const auto cells = sixteen(d1_cells(response));
  int empty = 0, right = 0;
  std::string answer;
  for (const auto& cell : cells) answer += cell;
  for (size_t i = 0; i < kCells; ++i) {
    if (puzzle[i] != '0') continue;
    ++empty;
    if (!cells.empty() && cells[i] == std::string(1, solution[i])) ++right;
  }
  return {.answer = answer,
          .score = empty == 0 ? 0.0 : static_cast<double>(right) / empty,
          .parts = {{"correct_cells", right}, {"empty_cells", empty}}};
}

json pooled_cells(const std::vector<ScoredItem>& items) {
  int64_t right = 0, empty = 0;
  for (const auto& item : items) {
    right += item.scored.parts.at("correct_cells").get<int64_t>();
    empty += item.scored.parts.at("empty_cells").get<int64_t>();
  }
  const double share = empty == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(empty);
  return {{"cell_accuracy", {{"correct_cells", right}, {"empty_cells", empty}, {"value", share}}}};
}

// "3142\n4231\n..." -> the sixteen digits; nothing when the shape is another.
std::string digits_of_grid(const std::string& grid) {
  static const Pattern shape(R"([1-4]{4}\n[1-4]{4}\n[1-4]{4}\n[1-4]{4})");
  return shape.full_match(grid) ? replace_all(grid, "\n", "") : "";
}

bool all_different(const std::string& cells, const std::array<size_t, kSide>& places) {
  std::set<char> seen;
  for (const size_t place : places) seen.insert(cells[place]);
  return seen.size() == kSide;
}

bool is_valid(const std::string& cells) {
  for (size_t i = 0; i < kSide; ++i) {
    std::array<size_t, kSide> row{}, column{}, box{};
    for (size_t k = 0; k < kSide; ++k) {
      row[k] = kSide * i + k;
      column[k] = kSide * k + i;
      box[k] = kSide * (i / 2 * 2 + k / 2) + i % 2 * 2 + k % 2;
    }
    if (!all_different(cells, row) || !all_different(cells, column) || !all_different(cells, box)) return false;
  }
  return true;
}

bool keeps_givens(const std::string& cells, const std::string& puzzle) {
  for (size_t i = 0; i < kCells; ++i)
    if (puzzle[i] != '0' && puzzle[i] != cells[i]) return false;
  return true;
}

// A grid of four lines; any solution of the puzzle is right.
Scored dream_score(const json& document, const std::string& response) {
  constexpr size_t kGridLength = kCells + kSide - 1;
  const std::string grid = replace_all(cut_at_stops(response, {"<|endoftext|>"}), " ", "").substr(0, kGridLength);
  const std::string cells = digits_of_grid(grid);
  const bool right = !cells.empty() && is_valid(cells) && keeps_givens(cells, cells_of(document, "puzzle"));
  return {.answer = grid, .score = right ? 1.0 : 0.0};
}

}  // namespace

std::vector<Scorer> sudoku_scorers() {
  return {{"d1/sudoku4x4", "the share of empty cells that are right", d1_score},
          {"dream/sudoku4x4_dream", "whether the grid solves the puzzle", dream_score}};
}

std::vector<Pooling> sudoku_poolings() {
  return {{"d1/sudoku4x4", "right cells of all puzzles over empty cells of all puzzles", pooled_cells}};
}

}  // namespace freeact
