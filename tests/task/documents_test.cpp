#include "task/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_of.h"
#include "task/delimited.h"
#include "task/task_folder.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::TaskFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<json> values_of(const fs::path& file, const std::string& only = "") {
  FileReader reader;
  std::vector<json> values;
  for (const Document& document : read_documents(file, only, reader)) values.push_back(document.values);
  return values;
}

TEST(Delimited, QuotedCellsHoldAnything) {
  const auto rows = read_delimited("a\tb\r\n\"1\n\t\"\"2\"\"\"\t3\"4\n\n5\t", '\t');
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[1].cells, ElementsAre("1\n\t\"2\"", "3\"4"));
  EXPECT_THAT(rows[2].cells, ElementsAre("5", ""));
  EXPECT_EQ(rows[2].line, 5);
}

TEST(Documents, EveryFormGivesTheSame) {
  const TaskFolder folder;
  const json expected = {{"id", "1"}, {"text", "a, b"}};
  EXPECT_THAT(values_of(folder.write("a.jsonl", "{\"id\":\"1\",\"text\":\"a, b\"}\n\n")), ElementsAre(expected));
  EXPECT_THAT(values_of(folder.write("a.json", "[{\"id\":\"1\",\"text\":\"a, b\"}]")), ElementsAre(expected));
  EXPECT_THAT(values_of(folder.write("a.csv", "\xEF\xBB\xBFid,text\n1,\"a, b\"\n")), ElementsAre(expected));
  EXPECT_THAT(values_of(folder.write("a.tsv", "id\ttext\n1\ta, b")), ElementsAre(expected));
}

TEST(Documents, AnEmptyCellIsNoValue) {
  const TaskFolder folder;
  EXPECT_THAT(values_of(folder.write("a.csv", "id,hint\n1,\n2\n")),
              ElementsAre(json{{"id", "1"}, {"hint", nullptr}}, json{{"id", "2"}, {"hint", nullptr}}));
}

TEST(Documents, AreChosenByNumberTextOrPosition) {
  const TaskFolder folder;
  const fs::path file = folder.write("a.csv", "id,split\n9,a\n10,b\n11,a\n");
  const auto ids = [&](const std::string& only) {
    std::string joined;
    for (const json& document : values_of(file, only)) joined += document.at("id").get<std::string>() + " ";
    return joined;
  };
  EXPECT_EQ(ids("id=10..11"), "10 11 ");
  EXPECT_EQ(ids("split=a"), "9 11 ");
  EXPECT_EQ(ids("#=1.."), "10 11 ");
  EXPECT_THROW(ids("size=1"), UserError);
  EXPECT_THROW(ids("id"), UserError);
}

TEST(Documents, FaultsNameTheLine) {
  const TaskFolder folder;
  const auto message = [&](const std::string& name, const std::string& text) {
    return message_of<UserError>([&] { values_of(folder.write(name, text)); });
  };
  EXPECT_THAT(message("a.jsonl", "{}\n{\n"), HasSubstr("a.jsonl:2"));
  EXPECT_THAT(message("a.csv", "id\n1\n2,3\n"), HasSubstr("a.csv:3: 2 cells"));
  EXPECT_THAT(message("a.json", "[1]"), HasSubstr("a.json[0]"));
  EXPECT_THAT(message("a.parquet", ""), HasSubstr(".parquet"));
}

TEST(DerivedFields, ReplaceAndReadKeysInTheirOrder) {
  BenchmarkTask task;
  task.derived = {{"solution", "{answer}", "", "$1", false},
                  {"answer", "{answer}", "(?s)^.*#### |,", "", true},
                  {"rows", "{cells}", "(..)(?=.)", "$1|", false}};
  Document document{{{"answer", "6 * 200\n#### 1,200"}, {"cells", "123456"}}, "file:1"};
  derive_fields(task, document);
  EXPECT_EQ(document.values.at("solution"), "6 * 200\n#### 1,200");
  EXPECT_EQ(document.values.at("answer"), 1200);
  EXPECT_EQ(document.values.at("rows"), "12|34|56");
  EXPECT_THAT(message_of<UserError>([&] {
                Document other{json::object(), "file:2"};
                derive_fields(task, other);
              }),
              HasSubstr("file:2"));
}

}  // namespace
}  // namespace freeact
