// The three puzzles of the embedded diffusion model: exactly checkable, learnt from scratch in minutes.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "eval/layout.h"
#include "util/random.h"

namespace freeact {

// A 4x4 sudoku, cells in rows, '_' blank: 8 to 10 blanks and one solution. There are only 288 solved grids, so any two
// large sets share grids and differ in which cells are blank.
TaskItem draw_sudoku(Random& random);
// Ten digits, and the same in ascending order.
TaskItem draw_sort(Random& random);
// 6 to 12 small letters, and the same backwards.
TaskItem draw_reverse(Random& random);

// How many of the 288 solved grids agree with the cells given.
int count_sudoku_solutions(std::string_view cells);

struct PuzzleKind {
  std::string name;     // as a training recipe calls it
  std::string dataset;  // folder below datasets/
  std::string about;    // one line for the manifest
  TaskItem (*draw)(Random& random);
  Layout layout;
};

// All kinds, in one visible table.
const std::vector<PuzzleKind>& puzzle_kinds();
// Throws UserError listing the known ones.
const PuzzleKind& find_puzzle_kind(const std::string& name);
const PuzzleKind& find_puzzle_kind(const std::string& name, const std::vector<PuzzleKind>& kinds);

// Special tokens of the sequences, in the order of their ids behind the 256 bytes.
inline constexpr const char* kEndToken = "<|endoftext|>";
inline constexpr const char* kMaskToken = "<|mask|>";
const std::vector<std::string>& puzzle_special_tokens();

// count items whose inputs differ from each other and from `taken`, to which they are added.
std::vector<TaskItem> draw_distinct(const PuzzleKind& kind, Random& random, size_t count, std::set<std::string>& taken);

}  // namespace freeact
