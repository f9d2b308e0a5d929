// `freeact generate` on the shipped puzzle model.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "end_to_end/program.h"

namespace freeact {
namespace {

constexpr const char* kModel = "generate puzzle_dllm --raw ";

std::string masks(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "<|mask|>";
  return text;
}

std::string sort_prompt(const std::string& digits) {
  return "--prompt '<|sort|>" + digits + "=" + masks(10) + "<|endoftext|>' ";
}

class Generate : public testing::Test {
 protected:
  void SetUp() override { folder_ = fresh_folder(testing::UnitTest::GetInstance()->current_test_info()->name()); }
  Outcome generate(const std::string& arguments) { return run_program(kModel + arguments, folder_); }
  std::filesystem::path folder_;
};

TEST_F(Generate, FillsTheMasksOfAPrompt) {
  const Outcome run = generate(sort_prompt("8500548790"));
  EXPECT_EQ(run.exit_code, 0) << run.error;
  EXPECT_EQ(run.out, "8500548790=0004557889\n");
}

TEST_F(Generate, WatchShowsTheMasksGoOneByOne) {
  const Outcome run = generate(sort_prompt("8500548790") + "--watch");
  size_t place = 0;
  for (int left = 9; left >= 0; --left) {
    const std::string heading = "step " + std::to_string(10 - left) + ", " + std::to_string(left) + " masked";
    place = run.out.find(heading, place);
    ASSERT_NE(place, std::string::npos) << heading << " in " << run.out;
  }
  EXPECT_TRUE(run.out.ends_with("8500548790=0004557889\n")) << run.out;
}

TEST_F(Generate, ABatchOfDifferentLengthsGivesWhatEachPromptGivesAlone) {
  const std::vector<std::string> prompts = {"--prompt '<|reverse|>abcdefg=' ", "--prompt '<|reverse|>qwertyuiop=' "};
  std::string alone;
  for (const auto& prompt : prompts) alone += generate(prompt + "--max-new-tokens 12").out;
  EXPECT_NE(alone.find("gfedcba"), std::string::npos) << alone;
  EXPECT_EQ(generate(prompts[0] + prompts[1] + "--max-new-tokens 12").out, alone);
}

TEST_F(Generate, TheCacheAndParallelWritingTakeFewerPasses) {
  const auto passes = [&](const std::string& more) {
    const Outcome run = generate(sort_prompt("8500548790") + "--json " + more);
    EXPECT_EQ(run.exit_code, 0) << run.error;
    return nlohmann::json::parse(run.out);
  };
  const auto plain = passes(""), parallel = passes("acceleration.threshold=0.9");
  EXPECT_EQ(plain["forward_passes"], 10);
  EXPECT_LT(parallel["forward_passes"], 10);
  EXPECT_EQ(parallel["text"], plain["text"]);
}

TEST_F(Generate, StopsBeforeAStopString) {
  EXPECT_EQ(generate(sort_prompt("8500548790") + "--stop 55 --stop zz").out, "8500548790=0004\n");
}

TEST_F(Generate, RefusesWhatItCannotDo) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"generate puzzle_dlm --raw --prompt a", "did you mean 'puzzle_dllm'"},
      {"generate puzzle_dllm --prompt a", "not trained to chat"},
      {"generate puzzle_dllm --raw", "--prompt"},
      {"generate puzzle_dllm --raw --prompt a stepps=3", "did you mean 'steps'"},
      {"generate puzzle_dllm --raw --prompt a remasking=lowest", "remasking"},
      {"generate puzzle_dllm --raw --prompt a --prompt b --watch", "--watch"},
  };
  for (const auto& [arguments, words] : cases) {
    const Outcome run = run_program(arguments, folder_);
    EXPECT_EQ(run.exit_code, 2) << arguments << ": " << run.error;
    EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
    EXPECT_NE(run.error.find(words), std::string::npos) << words << " in " << run.error;
  }
}

}  // namespace
}  // namespace freeact
