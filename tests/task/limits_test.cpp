// Small files of documents that would take much memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_of.h"
#include "task/documents.h"
#include "task/task_folder.h"

namespace freeact {
namespace {

using test::TaskFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// 100 KB, which would become 10^9 values.
TEST(DocumentLimits, AWideFirstLineAboveShortLines) {
  const TaskFolder folder;
  FileReader reader;
  const auto file = folder.write("a.csv", repeated("x,", 25'000) + "y\n" + repeated("1\n", 25'000));
  EXPECT_THAT(message_of<UserError>([&] { read_documents(file, "", reader); }),
              AllOf(HasSubstr("a.csv"), HasSubstr("25001 columns")));
}

// Their names would be repeated in every document.
TEST(DocumentLimits, LongNamesAboveEmptyCells) {
  const TaskFolder folder;
  FileReader reader;
  const auto file = folder.write("a.tsv", fmt::format("{:x<1000}\ty\n", "") + repeated("\t1\n", 1000));
  EXPECT_THAT(message_of<UserError>([&] { read_documents(file, "", reader); }), HasSubstr("2 columns"));
}

TEST(DocumentLimits, TablesWithShortRowsAreRead) {
  const TaskFolder folder;
  FileReader reader;
  const auto file = folder.write("a.csv", "question,hint,answer,subject\n" + repeated("a\n", 100));
  EXPECT_EQ(read_documents(file, "", reader).size(), 100);
}

// Such bytes could be put into no report and no database.
TEST(DocumentLimits, TablesInOtherEncodings) {
  const TaskFolder folder;
  FileReader reader;
  const auto file = folder.write("a.tsv", "question\nplain\nna\xEFve\n");
  EXPECT_THAT(message_of<UserError>([&] { read_documents(file, "", reader); }),
              AllOf(HasSubstr("a.tsv:3"), HasSubstr("UTF-8")));
}

}  // namespace
}  // namespace freeact
