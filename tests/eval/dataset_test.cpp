#include "eval/dataset.h"

#include <gmock/gmock.h>

#include "eval/evaluate.h"
#include "fixtures.h"

namespace freeact {
namespace {

class DatasetTest : public testing::Test {
 protected:
  void SetUp() override {
    write_text(root_ / "double/layout.json", R"({"text": "{input}:{answer}"})");
    write_text(root_ / "double/test.jsonl", R"({"input":"1","answer":"2"})"
                                            "\n\n"
                                            R"({"input":"2","answer":"4"})"
                                            "\n");
    write_text(root_ / "both/parts.json", R"(["double", "double"])");
  }
  void expect_refused(const std::string& dataset, const std::string& text) const {
    EXPECT_THAT([&] { read_dataset(root_, dataset, "test"); },
                testing::ThrowsMessage<UserError>(testing::HasSubstr(text)));
  }

  const std::filesystem::path root_ = test_folder();
};

TEST_F(DatasetTest, AFolderOfFilesIsATask) {
  const auto parts = read_dataset(root_, "double", "test");
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].layout.text, "{input}:{answer}");
  ASSERT_EQ(parts[0].items.size(), 2U);
  EXPECT_EQ(parts[0].items[1].answer, "4");
}

TEST_F(DatasetTest, PartsAreReadTogetherAndTheLimitHoldsForEach) {
  const auto parts = read_dataset(root_, "both", "test", 1);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1].name, "double");
  EXPECT_EQ(parts[1].items.size(), 1U);
}

TEST_F(DatasetTest, FaultsNameFileAndLine) {
  expect_refused("dubble", "there is no data set 'dubble'");
  write_text(root_ / "double/test.jsonl", "{\"input\":\"1\",\"answer\":\"2\"}\n{\"input\":1,\"answer\":\"2\"}\n");
  expect_refused("double", "test.jsonl:2: key 'input' must be a text");
  write_text(root_ / "double/test.jsonl", "{\"input\":\"1\",\"anser\":\"2\"}\n");
  expect_refused("double", "did you mean 'answer'");
  write_text(root_ / "double/test.jsonl", "{\"input\":\n");
  expect_refused("double", "test.jsonl:1: ");
  write_text(root_ / "double/test.jsonl", "\n");
  expect_refused("double", "has no test items");
  write_text(root_ / "both/parts.json", "[1]");
  expect_refused("both", "must be a list of folder names");
}

TEST_F(DatasetTest, ImportedSudokusAreReadFromTheirOwnForm) {
  write_text(root_ / "imported.csv", "Puzzle,Solution\r\n0234341221434321,1234341221434321\r\n");
  const auto parts = read_dataset(root_, (root_ / "imported.csv").string(), "test");
  ASSERT_EQ(parts[0].items.size(), 1U);
  EXPECT_EQ(parts[0].items[0].input, "_234341221434321");
  EXPECT_EQ(parts[0].items[0].answer, "1234341221434321");
  write_text(root_ / "imported.csv", "Puzzle,Solution\n0234\n");
  expect_refused("imported.csv", "imported.csv:2: expected PUZZLE,SOLUTION");
}

TEST_F(DatasetTest, TheHashFollowsEveryFileThatIsRead) {
  EvalTaskSettings settings;
  settings.dataset = "both";
  const std::string before = task_data_hash(root_, settings);
  EXPECT_EQ(task_data_hash(root_, settings), before);
  write_text(root_ / "double/layout.json", R"({"text": "{input}={answer}"})");
  const std::string other_layout = task_data_hash(root_, settings);
  EXPECT_NE(other_layout, before);
  write_text(root_ / "double/test.jsonl", "{\"input\":\"1\",\"answer\":\"3\"}\n");
  EXPECT_NE(task_data_hash(root_, settings), other_layout);
}

}  // namespace
}  // namespace freeact
