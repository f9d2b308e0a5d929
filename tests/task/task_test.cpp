#include "task/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_of.h"
#include "task/task_folder.h"

namespace freeact {
namespace {

using test::datasets;
using test::TaskFolder;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kToy = R"(prompt: "{question}"
documents: {file: a.jsonl}
scorers: [lm-eval/gsm8k/strict-match]
shots: {count: 2, documents: {file: b.jsonl}}
generation: {default: {max_new_tokens: 8}}
variants:
  short:
    shots: {count: 1}
    generation: {llada: {steps: 4}}
  bare:
    shots: null
)";

TEST(BenchmarkTask, VariantsHoldWhatDiffers) {
  const TaskFolder folder;
  folder.write("task.yaml", kToy);
  EXPECT_THAT(list_benchmark_tasks(folder.path()), ElementsAre("toy", "toy/bare", "toy/short"));
  const BenchmarkTask task = read_benchmark_task(folder.path(), "toy/short");
  EXPECT_EQ(task.name, "toy/short");
  EXPECT_EQ(task.shots.count, 1);
  EXPECT_EQ(task.shots.documents.file, "b.jsonl");
  EXPECT_EQ(task.generation.dump(), R"({"default":{"max_new_tokens":8},"llada":{"steps":4}})");
  EXPECT_EQ(read_benchmark_task(folder.path(), "toy").shots.count, 2);
  EXPECT_EQ(read_benchmark_task(folder.path(), "toy/bare").shots.count, 0);
}

TEST(BenchmarkTask, FaultsNameFileAndLine) {
  const TaskFolder folder;
  const auto message = [&](const std::string& line) {
    folder.write("task.yaml", kToy + line);
    return message_of<UserError>([&] { read_benchmark_task(folder.path(), "toy/bad"); });
  };
  EXPECT_THAT(message("  bad: {promt: x}\n"), AllOf(HasSubstr("task.yaml:12"), HasSubstr("did you mean 'prompt'?")));
  EXPECT_THAT(message("  bad: {scorers: [gsm]}\n"), AllOf(HasSubstr("task.yaml:12"), HasSubstr("gsm")));
  EXPECT_THAT(message("  bad: {shots: {draw: any}}\n"), AllOf(HasSubstr("task.yaml:12"), HasSubstr("sampled")));
  EXPECT_THAT(message("  good: {}\n"), HasSubstr("no benchmark task 'toy/bad'; did you mean 'toy/bare'?"));
}

TEST(BenchmarkTask, AllOfTheRepositoryCanBeRead) {
  const auto names = list_benchmark_tasks(datasets());
  EXPECT_THAT(names, Contains("gsm8k/cot"));
  for (const auto& name : names) EXPECT_NO_THROW(read_benchmark_task(datasets(), name)) << name;
}

}  // namespace
}  // namespace freeact
