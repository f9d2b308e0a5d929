// The puzzles of the adapted language model: in forms in which a BPE vocabulary that splits numbers into digits has one
// token for each thing to be moved.
#pragma once

#include <filesystem>
#include <vector>

#include "eval/puzzles.h"

namespace freeact {

// 5 to 10 small letters, each with a space before it, and the same backwards.
TaskItem draw_reverse_letters(Random& random);
// Ten small letters, each with a space before it, and the letters that follow them in the alphabet, a after z.
TaskItem draw_next_letters(Random& random);
// Sum or difference of two numbers of two digits; no result is negative.
TaskItem draw_arithmetic(Random& random);
// One addition or subtraction of numbers below 100, as a story of one or two sentences.
TaskItem draw_word_problem(Random& random);

// reverse_letters, sort_digits, arithmetic, word_problem, next_letters.
const std::vector<PuzzleKind>& language_puzzle_kinds();

// Writes the data set of each kind as write_puzzle_sets() does, and folder/language_puzzles, which reads them all
// together.
void write_language_puzzle_sets(const std::filesystem::path& folder);

}  // namespace freeact
