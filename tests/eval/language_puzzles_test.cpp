#include "eval/language_puzzles.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "eval/dataset.h"
#include "eval/puzzle_sets.h"
#include "fixtures.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// Result of "A+B" or "A-B".
int result_of(const std::string& expression) {
  const size_t sign = expression.find_first_of("+-");
  const int first = std::stoi(expression.substr(0, sign)), second = std::stoi(expression.substr(sign + 1));
  return expression[sign] == '+' ? first + second : first - second;
}

TEST(LanguagePuzzles, ReversedLettersEachKeepTheirSpace) {
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const TaskItem item = draw_reverse_letters(random);
    ASSERT_EQ(item.input.size(), item.answer.size());
    EXPECT_GE(item.input.size(), 10U);
    EXPECT_LE(item.input.size(), 20U);
    for (size_t j = 0; j < item.input.size(); j += 2) {
      EXPECT_EQ(item.input[j], ' ');
      EXPECT_EQ(item.input[j + 1], item.answer[item.answer.size() - 1 - j]);
    }
  }
}

TEST(LanguagePuzzles, EveryLetterIsFollowedByTheNextOfTheAlphabet) {
  Random random(4);
  for (int i = 0; i < 200; ++i) {
    const TaskItem item = draw_next_letters(random);
    ASSERT_EQ(item.input.size(), 20U);
    ASSERT_EQ(item.answer.size(), 20U);
    for (size_t j = 0; j < item.input.size(); ++j)
      EXPECT_EQ(item.answer[j], item.input[j] == ' ' ? ' ' : item.input[j] == 'z' ? 'a' : item.input[j] + 1);
  }
}

TEST(LanguagePuzzles, ArithmeticIsRightAndNeverNegative) {
  Random random(2);
  for (int i = 0; i < 500; ++i) {
    const TaskItem item = draw_arithmetic(random);
    EXPECT_EQ(std::to_string(result_of(item.input)), item.answer) << item.input;
    EXPECT_GE(result_of(item.input), 0) << item.input;
  }
}

TEST(LanguagePuzzles, WordProblemsHaveTwoNumbersAndTheirSumOrDifference) {
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    const TaskItem item = draw_word_problem(random);
    std::vector<int> numbers;
    for (size_t at = 0; at < item.input.size(); ++at)
      if (std::isdigit(item.input[at]) && !std::isdigit(item.input[at - 1]))
        numbers.push_back(std::stoi(item.input.substr(at)));
    ASSERT_EQ(numbers.size(), 2U) << item.input;
    const bool left = item.input.find("left") != std::string::npos || item.input.find("many more") != std::string::npos;
    EXPECT_EQ(std::to_string(left ? numbers[0] - numbers[1] : numbers[0] + numbers[1]), item.answer) << item.input;
    EXPECT_EQ(item.input.find_first_of("@#{}[]"), std::string::npos) << item.input;
  }
}

TEST(LanguagePuzzles, TheCommittedFilesAreWhatTheSeedGives) {
  const fs::path fresh = test_folder(), committed = fs::path(FREEACT_SOURCE_DIR) / "datasets";
  write_language_puzzle_sets(fresh);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fresh)) {
    if (!entry.is_regular_file()) continue;
    const fs::path name = fs::relative(entry.path(), fresh);
    EXPECT_EQ(read_file(entry.path()), read_file(committed / name)) << name;
    ++files;
  }
  EXPECT_EQ(files, 5 * 4 + 2);
}

TEST(LanguagePuzzles, TestAndCalibrationItemsAreApart) {
  for (const PuzzleKind& kind : language_puzzle_kinds()) {
    std::set<std::string> inputs;
    for (const DatasetPart& part : {test_part(kind), calibration_part(kind)})
      for (const TaskItem& item : part.items) EXPECT_TRUE(inputs.insert(item.input).second) << item.input;
    EXPECT_EQ(inputs.size(), 328U);
  }
}

}  // namespace
}  // namespace freeact
