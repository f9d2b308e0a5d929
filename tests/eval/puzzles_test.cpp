#include "eval/puzzles.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "eval/puzzle_sets.h"
#include "fixtures.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

TEST(Sudoku, HasOneSolutionAndEightToTenBlanks) {
  Random random(1);
  std::set<int64_t> seen;
  for (int i = 0; i < 300; ++i) {
    const TaskItem item = draw_sudoku(random);
    const auto blanks = std::count(item.input.begin(), item.input.end(), '_');
    seen.insert(blanks);
    EXPECT_EQ(count_sudoku_solutions(item.input), 1) << item.input;
    EXPECT_EQ(count_sudoku_solutions(item.answer), 1) << "not a solved grid: " << item.answer;
    for (size_t cell = 0; cell < item.input.size(); ++cell)
      EXPECT_TRUE(item.input[cell] == '_' || item.input[cell] == item.answer[cell]) << item.input;
  }
  EXPECT_THAT(seen, testing::ElementsAre(8, 9, 10));
}

TEST(Sudoku, CountsSolutions) {
  EXPECT_EQ(count_sudoku_solutions("________________"), 288);
  EXPECT_EQ(count_sudoku_solutions("11______________"), 0);
  EXPECT_EQ(count_sudoku_solutions("1234____________"), 12);  // 288 grids over 4! first rows
}

TEST(Sort, AnswersAreTheSameDigitsAscending) {
  Random random(2);
  for (int i = 0; i < 100; ++i) {
    const TaskItem item = draw_sort(random);
    EXPECT_EQ(item.input.size(), 10U);
    EXPECT_TRUE(std::is_sorted(item.answer.begin(), item.answer.end()));
    EXPECT_TRUE(std::is_permutation(item.input.begin(), item.input.end(), item.answer.begin()));
  }
}

TEST(Reverse, AnswersReadBackwardsAndLengthsCoverTheRange) {
  Random random(3);
  std::set<size_t> lengths;
  for (int i = 0; i < 300; ++i) {
    const TaskItem item = draw_reverse(random);
    lengths.insert(item.input.size());
    EXPECT_EQ(std::string(item.input.rbegin(), item.input.rend()), item.answer);
  }
  EXPECT_THAT(lengths, testing::ElementsAre(6, 7, 8, 9, 10, 11, 12));
}

TEST(Puzzles, OneSeedDrawsOneSequenceOfPuzzles) {
  for (const PuzzleKind& kind : puzzle_kinds()) {
    Random first(7), again(7), other(8);
    const std::string input = kind.draw(first).input;
    EXPECT_EQ(kind.draw(again).input, input);
    EXPECT_NE(kind.draw(other).input, input);
  }
}

TEST(Puzzles, DistinctDrawsAvoidWhatIsTaken) {
  const PuzzleKind& kind = find_puzzle_kind("sort");
  Random first(5), again(5);
  std::set<std::string> taken = {kind.draw(first).input};
  for (const TaskItem& item : draw_distinct(kind, again, 20, taken)) EXPECT_TRUE(taken.contains(item.input));
  EXPECT_EQ(taken.size(), 21U);
}

TEST(Puzzles, UnknownKindNamesTheKnownOnes) {
  EXPECT_THAT([] { find_puzzle_kind("sudko"); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("did you mean 'sudoku'")));
}

TEST(PuzzleSets, TheCommittedFilesAreWhatTheSeedGives) {
  const fs::path fresh = test_folder(), committed = fs::path(FREEACT_SOURCE_DIR) / "datasets";
  write_puzzle_sets(fresh);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fresh)) {
    if (!entry.is_regular_file()) continue;
    const fs::path name = fs::relative(entry.path(), fresh);
    EXPECT_EQ(read_file(entry.path()), read_file(committed / name)) << name;
    ++files;
  }
  EXPECT_EQ(files, 3 * 4 + 2 + 3);
}

TEST(PuzzleSets, NoTestItemIsACalibrationItem) {
  const fs::path datasets = fs::path(FREEACT_SOURCE_DIR) / "datasets";
  for (const PuzzleKind& kind : puzzle_kinds()) {
    const auto test = read_dataset(datasets, kind.dataset, "test").front();
    const auto calibration = read_dataset(datasets, kind.dataset, "calibration").front();
    std::set<std::string> inputs;
    for (const auto& items : {test.items, calibration.items})
      for (const TaskItem& item : items) inputs.insert(item.input);
    EXPECT_EQ(inputs.size(), test.items.size() + calibration.items.size());
    EXPECT_EQ(test.items.size(), 200U);
    EXPECT_EQ(test.items[7].input, test_part(kind).items[7].input);
  }
}

TEST(PuzzleSets, WrongSortsHaveTwoDigitsSwapped) {
  const auto part = read_choices(fs::path(FREEACT_SOURCE_DIR) / "datasets", "sort_choice", "test").front();
  const auto sort = test_part(find_puzzle_kind("sort"));
  ASSERT_EQ(part.items.size(), sort.items.size());
  std::set<int64_t> places;
  for (size_t i = 0; i < part.items.size(); ++i) {
    const ChoiceItem& item = part.items[i];
    EXPECT_EQ(item.context, sort.items[i].input);
    const std::string& right = item.choices[static_cast<size_t>(item.answer)];
    EXPECT_EQ(right, sort.items[i].answer);
    EXPECT_EQ(std::set(item.choices.begin(), item.choices.end()).size(), 4U);
    for (const std::string& choice : item.choices) {
      int different = 0;
      for (size_t at = 0; at < right.size(); ++at) different += choice[at] != right[at];
      EXPECT_TRUE(std::is_permutation(choice.begin(), choice.end(), right.begin())) << choice;
      EXPECT_EQ(different, choice == right ? 0 : 2) << choice;
    }
    places.insert(item.answer);
  }
  EXPECT_THAT(places, testing::ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace freeact
