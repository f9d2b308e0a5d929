#include "eval/puzzles.h"

#include <algorithm>
#include <numeric>

#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

constexpr char kBlank = '_';
constexpr size_t kCells = 16;
constexpr uint64_t kFewestBlanks = 8, kMostBlanks = 10;
constexpr size_t kDigits = 10;
constexpr uint64_t kFewestLetters = 6, kMostLetters = 12;

bool may_stand(const std::string& grid, size_t cell, char digit) {
  for (size_t other = 0; other < cell; ++other) {
    const bool row = other / 4 == cell / 4, column = other % 4 == cell % 4;
    const bool box = other / 8 == cell / 8 && other % 4 / 2 == cell % 4 / 2;
    if ((row || column || box) && grid[other] == digit) return false;
  }
  return true;
}

void complete_grids(std::string& grid, std::vector<std::string>& found) {
  if (grid.size() == kCells) {
    found.push_back(grid);
    return;
  }
  for (char digit = '1'; digit <= '4'; ++digit) {
    if (!may_stand(grid, grid.size(), digit)) continue;
    grid.push_back(digit);
    complete_grids(grid, found);
    grid.pop_back();
  }
}

const std::vector<std::string>& solved_grids() {
  static const std::vector<std::string> grids = [] {
    std::vector<std::string> found;
    std::string grid;
    complete_grids(grid, found);
    return found;
  }();
  return grids;
}

std::string draw_text(Random& random, size_t length, char first, uint64_t kinds) {
  std::string text(length, first);
  for (char& c : text) c = static_cast<char>(first + static_cast<char>(random.below(kinds)));
  return text;
}

}  // namespace

int count_sudoku_solutions(std::string_view cells) {
  FREEACT_CHECK(cells.size() == kCells, "{} cells", cells.size());
  const auto fits = [&](const std::string& grid) {
    for (size_t i = 0; i < kCells; ++i)
      if (cells[i] != kBlank && cells[i] != grid[i]) return false;
    return true;
  };
  return static_cast<int>(std::count_if(solved_grids().begin(), solved_grids().end(), fits));
}

TaskItem draw_sudoku(Random& random) {
  const std::string& solution = solved_grids()[random.below(solved_grids().size())];
  const uint64_t blanks = kFewestBlanks + random.below(kMostBlanks - kFewestBlanks + 1);
  std::vector<size_t> order(kCells);
  std::iota(order.begin(), order.end(), size_t{0});
  while (true) {
    random.shuffle(order);
    std::string cells = solution;
    for (size_t i = 0; i < blanks; ++i) cells[order[i]] = kBlank;
    if (count_sudoku_solutions(cells) == 1) return {cells, solution};
  }
}

TaskItem draw_sort(Random& random) {
  TaskItem item;
  item.input = item.answer = draw_text(random, kDigits, '0', 10);
  std::sort(item.answer.begin(), item.answer.end());
  return item;
}

TaskItem draw_reverse(Random& random) {
  TaskItem item;
  const uint64_t length = kFewestLetters + random.below(kMostLetters - kFewestLetters + 1);
  item.input = item.answer = draw_text(random, length, 'a', 26);
  std::reverse(item.answer.begin(), item.answer.end());
  return item;
}

const std::vector<PuzzleKind>& puzzle_kinds() {
  static const std::vector<PuzzleKind> kinds = {
      {"sudoku",
       "sudoku4x4",
       "4x4 sudoku solved in place, 8 to 10 blanks, one solution",
       draw_sudoku,
       {.text = "<|sudoku|>{answer}<|endoftext|>", .blank = "_", .length = 0}},
      {"sort",
       "sort",
       "ten digits in ascending order",
       draw_sort,
       {.text = "<|sort|>{input}={answer}<|endoftext|>", .blank = "", .length = 0}},
      {"reverse",
       "reverse",
       "6 to 12 letters backwards, then ends of sequence up to a fixed length",
       draw_reverse,
       {.text = "<|reverse|>{input}={answer}", .blank = "", .length = 27}}};
  return kinds;
}

const PuzzleKind& find_puzzle_kind(const std::string& name) {
  return find_puzzle_kind(name, puzzle_kinds());
}

const PuzzleKind& find_puzzle_kind(const std::string& name, const std::vector<PuzzleKind>& kinds) {
  std::vector<std::string> known;
  for (const PuzzleKind& kind : kinds) {
    if (kind.name == name) return kind;
    known.push_back(kind.name);
  }
  throw UserError(unknown_name("puzzle", name, known));
}

const std::vector<std::string>& puzzle_special_tokens() {
  static const std::vector<std::string> tokens = {kEndToken, kMaskToken, "<|sudoku|>", "<|sort|>", "<|reverse|>"};
  return tokens;
}

std::vector<TaskItem> draw_distinct(const PuzzleKind& kind, Random& random, size_t count,
                                    std::set<std::string>& taken) {
  std::vector<TaskItem> items;
  while (items.size() < count)
    if (TaskItem item = kind.draw(random); taken.insert(item.input).second) items.push_back(std::move(item));
  return items;
}

}  // namespace freeact
