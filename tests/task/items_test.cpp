#include "task/items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "message_of.h"
#include "task/task_folder.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;
using test::datasets;
using test::TaskFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kToy = R"(prompt: "{q}?"
target: "{a}"
documents: {file: items.jsonl}
scorers: [lm-eval/gsm8k/strict-match]
subset: "{kind?}"
images: "{picture?}"
)";

BenchmarkTask toy() {
  BenchmarkTask task;
  task.prompt = "{q}?";
  task.target = "{a}";
  return task;
}

std::string conversation(const ItemPrompt& prompt) {
  std::string text;
  for (const Message& message : prompt.messages)
    text += message.role.substr(0, 1) + ":" + message.content + (message.is_open ? ".." : "") + "|";
  return text;
}

TEST(ItemPrompt, ExamplesAreTurnsOrOneMessage) {
  const json document = {{"q", "c"}}, one = {{"q", "a"}, {"a", "1"}}, two = {{"q", "b"}, {"a", "2"}};
  const ItemPrompt turns = prompt_of_document(toy(), document, {one, two}, true);
  EXPECT_EQ(turns.text, "a? 1\n\nb? 2\n\nc?");
  EXPECT_EQ(conversation(turns), "u:a?|a:1|u:b?|a:2|u:c?|");
  const ItemPrompt single = prompt_of_document(toy(), document, {one, two}, false);
  EXPECT_EQ(single.text, turns.text);
  EXPECT_EQ(conversation(single), "u:a? 1\n\nb? 2\n\nc?|");
}

TEST(ItemPrompt, TheOpeningStandsBehindThePromptAndBeginsExamples) {
  BenchmarkTask task = toy();
  task.opening = "Answer:";
  const json document = {{"q", "c"}}, one = {{"q", "a"}, {"a", "1"}};
  const ItemPrompt prompt = prompt_of_document(task, document, {one}, true);
  EXPECT_EQ(prompt.text, "a? Answer: 1\n\nc? Answer:");
  EXPECT_EQ(conversation(prompt), "u:a?|a:Answer: 1|u:c?|a:Answer:..|");
  EXPECT_EQ(conversation(prompt_of_document(task, document, {one}, false)), "u:a? Answer: 1\n\nc?|a:Answer:..|");
}

TEST(ItemPrompt, TheDescriptionIsTheSystemMessage) {
  BenchmarkTask task = toy();
  task.description = "Reply.\n\n";
  EXPECT_EQ(prompt_of_document(task, {{"q", "c"}}, {}, true).text, "Reply.\n\nc?");
  EXPECT_EQ(conversation(prompt_of_document(task, {{"q", "c"}}, {}, true)), "s:Reply.\n\n|u:c?|");
}

TEST(BenchmarkItems, ALimitDrawsBySeedAndKeepsTheExamples) {
  const BenchmarkTask task = read_benchmark_task(datasets(), "gsm8k");
  const ItemRequest all{.source = ItemSource::kSample};
  ItemRequest some = all;
  some.limit = 4;
  some.seed = 3;
  const BenchmarkItems whole = read_benchmark_items(datasets(), task, all);
  const BenchmarkItems part = read_benchmark_items(datasets(), task, some);
  EXPECT_EQ(whole.items.size(), 10U);
  EXPECT_EQ(part.population, 10);
  EXPECT_EQ(part.hash, whole.hash);
  ASSERT_EQ(part.items.size(), 4U);
  std::set<int64_t> places;
  for (const BenchmarkItem& item : part.items) {
    places.insert(item.index);
    EXPECT_EQ(item.prompt.text, whole.items[static_cast<size_t>(item.index)].prompt.text);
  }
  EXPECT_EQ(places.size(), 4U);
  some.seed = 4;
  EXPECT_NE(read_benchmark_items(datasets(), task, some).items[0].index * 100 +
                read_benchmark_items(datasets(), task, some).items[1].index,
            part.items[0].index * 100 + part.items[1].index);
}

TEST(BenchmarkItems, TheSampleOfEveryTextTaskNeedsNoImport) {
  for (const std::string name : {"gsm8k", "math500", "humaneval", "mbpp", "sudoku", "countdown"})
    for (const auto& variant : list_benchmark_tasks(datasets())) {
      if (variant != name && !variant.starts_with(name + "/")) continue;
      const BenchmarkTask task = read_benchmark_task(datasets(), variant);
      const BenchmarkItems items = read_benchmark_items(datasets(), task, {.source = ItemSource::kSample});
      EXPECT_EQ(items.items.size(), 10U) << variant;
    }
}

TEST(BenchmarkItems, ImagesAndSubsetsComeFromTheDocument) {
  const TaskFolder folder;
  folder.write("task.yaml", kToy);
  folder.write("items.jsonl", "{\"q\":\"a\",\"kind\":\"hard\",\"picture\":\"1.png\\n2.png\"}\n{\"q\":\"b\"}\n");
  const BenchmarkItems items = read_benchmark_items(folder.path(), read_benchmark_task(folder.path(), "toy"), {});
  EXPECT_THAT(items.items[0].images, ElementsAre("1.png", "2.png"));
  EXPECT_EQ(items.items[0].subset, "hard");
  EXPECT_TRUE(items.items[1].images.empty());
  EXPECT_EQ(items.items[1].index, 1);
}

TEST(BenchmarkItems, ADocumentThatLacksAKeyIsNamed) {
  const TaskFolder folder;
  folder.write("task.yaml", kToy);
  folder.write("items.jsonl", "{\"q\":\"a\"}\n{\"question\":\"b\"}\n");
  const BenchmarkTask task = read_benchmark_task(folder.path(), "toy");
  EXPECT_THAT(message_of<UserError>([&] { read_benchmark_items(folder.path(), task, {}); }),
              AllOf(HasSubstr("items.jsonl:2"), HasSubstr("'prompt'"), HasSubstr("{q}")));
  EXPECT_THROW(read_benchmark_items(folder.path(), task, {.num_shots = 1}), UserError);
}

TEST(BenchmarkItems, DataThatAreNotImportedAreAskedFor) {
  const TaskFolder folder;
  folder.write("task.yaml", kToy + "data: no_such_data\n");
  const BenchmarkTask task = read_benchmark_task(folder.path(), "toy");
  EXPECT_THAT(message_of<EnvironmentError>([&] { read_benchmark_items(folder.path(), task, {}); }),
              HasSubstr("freeact data import no_such_data"));
}

}  // namespace
}  // namespace freeact
