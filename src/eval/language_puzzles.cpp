#include "eval/language_puzzles.h"

#include <algorithm>

#include "eval/puzzle_sets.h"
#include "util/text.h"

namespace freeact {
namespace {

constexpr uint64_t kFewestLetters = 5, kMostLetters = 10;
constexpr int kShiftedLetters = 10;
constexpr uint64_t kAlphabet = 26;

// "{}" first number, "[]" second, "@" name, "#" thing.
struct Story {
  std::string_view text;
  bool adds;
};

constexpr Story kStories[] = {{"@ has {} # and buys [] more. How many # does @ have now?", true},
                              {"@ finds {} # on Monday and [] # on Tuesday. How many # does @ find in all?", true},
                              {"There are {} # in one box and [] in another. How many # are there together?", true},
                              {"@ had {} # and gave away []. How many # does @ have left?", false},
                              {"A shop has {} #. @ buys [] of them. How many # are left in the shop?", false},
                              {"@ has {} # and a friend has []. How many more # does @ have?", false}};
constexpr std::string_view kNames[] = {"Tom", "Anna", "Ben", "Sara", "Jack", "Emma", "Sam", "Lucy"};
constexpr std::string_view kThings[] = {"apples", "books", "cards", "stones", "stamps", "eggs", "coins", "flowers"};

template <size_t N>
std::string_view any_of(Random& random, const std::string_view (&list)[N]) {
  return list[random.below(N)];
}

// A space and the letter of this place in the alphabet.
std::string spaced_letter(uint64_t place) {
  return {' ', static_cast<char>('a' + static_cast<char>(place % kAlphabet))};
}

}  // namespace

TaskItem draw_reverse_letters(Random& random) {
  TaskItem item;
  const uint64_t length = kFewestLetters + random.below(kMostLetters - kFewestLetters + 1);
  for (uint64_t i = 0; i < length; ++i) {
    const std::string letter = spaced_letter(random.below(kAlphabet));
    item.input += letter;
    item.answer.insert(0, letter);
  }
  return item;
}

TaskItem draw_next_letters(Random& random) {
  TaskItem item;
  for (int i = 0; i < kShiftedLetters; ++i) {
    const uint64_t place = random.below(kAlphabet);
    item.input += spaced_letter(place);
    item.answer += spaced_letter(place + 1);
  }
  return item;
}

TaskItem draw_arithmetic(Random& random) {
  uint64_t first = 10 + random.below(90), second = 10 + random.below(90);
  if (random.below(2) == 0) return {fmt::format("{}+{}", first, second), std::to_string(first + second)};
  if (first < second) std::swap(first, second);
  return {fmt::format("{}-{}", first, second), std::to_string(first - second)};
}

TaskItem draw_word_problem(Random& random) {
  const Story& story = kStories[random.below(std::size(kStories))];
  uint64_t first = 2 + random.below(98), second = 2 + random.below(98);
  if (!story.adds && first < second) std::swap(first, second);
  std::string text(story.text);
  text = replace_all(text, "@", any_of(random, kNames));
  text = replace_all(text, "#", any_of(random, kThings));
  text = replace_all(text, "{}", std::to_string(first));
  return {replace_all(text, "[]", std::to_string(second)),
          std::to_string(story.adds ? first + second : first - second)};
}

const std::vector<PuzzleKind>& language_puzzle_kinds() {
  static const std::vector<PuzzleKind> kinds = {
      {"reverse_letters",
       "reverse_letters",
       "5 to 10 letters backwards, then ends of sequence up to a fixed length",
       draw_reverse_letters,
       {.text = "Reverse:{input} ={answer}", .blank = "", .length = 25}},
      {"sort_digits",
       "sort_digits",
       "ten digits in ascending order",
       draw_sort,
       {.text = "Sort:{input}={answer}<|im_end|>", .blank = "", .length = 0}},
      {"arithmetic",
       "arithmetic",
       "sum or difference of two numbers of two digits",
       draw_arithmetic,
       {.text = "{input}={answer}", .blank = "", .length = 10}},
      {"word_problem",
       "word_problem",
       "one addition or subtraction of numbers below 100, told as a story",
       draw_word_problem,
       {.text = "{input} Answer:{answer}", .blank = "", .length = 32}},
      {"next_letters",
       "next_letters",
       "ten letters, each replaced by the next of the alphabet, z by a",
       draw_next_letters,
       {.text = "Next:{input} ={answer}<|im_end|>", .blank = "", .length = 0}}};
  return kinds;
}

void write_language_puzzle_sets(const std::filesystem::path& folder) {
  write_puzzle_sets(folder, {language_puzzle_kinds(), "language_puzzles",
                             "the puzzles of the adapted language model together", "src/eval/language_puzzles.cpp"});
}

}  // namespace freeact
