// The ten items of our own that each text task has.
#include <gtest/gtest.h>

#include <algorithm>

#include "sandbox/sandbox.h"
#include "scoring/scorer.h"
#include "task/items.h"
#include "task/task_folder.h"

namespace freeact {
namespace {

using test::datasets;

struct Solved {
  std::string task;
  std::string response;  // of the keys of the document, between << and >>
};

std::string filled(const std::string& response, const nlohmann::json& document) {
  const size_t begin = response.find("<<"), end = response.find(">>");
  return response.substr(0, begin) + document.at(response.substr(begin + 2, end - begin - 2)).get<std::string>() +
         response.substr(end + 2);
}

class Sample : public testing::TestWithParam<Solved> {};

TEST_P(Sample, ItsSolutionsScoreFully) {
  const auto& [name, response] = GetParam();
  const BenchmarkTask task = read_benchmark_task(datasets(), name);
  if (find_scorer(task.scorers[0]).runs_code && !sandbox_obstacle().empty()) GTEST_SKIP() << sandbox_obstacle();
  for (const auto& item : read_benchmark_items(datasets(), task, {.source = ItemSource::kSample}).items)
    for (const auto& scorer : task.scorers)
      EXPECT_EQ(find_scorer(scorer).score(item.document, filled(response, item.document)).score, 1.0)
          << item.place << " by " << scorer;
}

INSTANTIATE_TEST_SUITE_P(
    Tasks, Sample,
    testing::Values(Solved{"gsm8k", "<<solution>>"}, Solved{"math500/hendrycks", "It is $<<answer>>$."},
                    Solved{"math500/d1", "<<solution>>"}, Solved{"humaneval", "<<canonical_solution>>"},
                    Solved{"mbpp", "<<code>>"}, Solved{"mbpp/instruct", "\n<<code>>\n```"},
                    Solved{"sudoku", "<answer>\n<<answer>>\n</answer>"}, Solved{"sudoku/dream", "<<answer_rows>>"},
                    Solved{"countdown/dream", "<<solution>>"}),
    [](const auto& solved) {
      std::string name = solved.param.task;
      std::replace(name.begin(), name.end(), '/', '_');
      return name;
    });

}  // namespace
}  // namespace freeact
