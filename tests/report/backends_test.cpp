#include "report/backends.h"

#include <gtest/gtest.h>

#include "plausible_runs.h"

namespace freeact {
namespace {

freeact::Run run_on(const std::string& backend, int64_t id, int seed, double seconds, const std::vector<int>& answers) {
  RunRecord record = plausible_run({"rtn", 1, 0.1, 0, true}, "W4A4", seed, 1);
  record.resolved_config += "backend:\n  name: " + backend + "\n  device: cpu\n";
  record.evaluation_s = seconds;
  record.samples.clear();
  for (const int answer : answers)
    record.samples.push_back({"sort", std::ssize(record.samples), "an input", std::to_string(answer), 1});
  return make_run(id, std::move(record));
}

// The user asks two things of the table: are the answers the same, and how much faster are they there.
TEST(BackendTable, CountsSameAnswersAndDividesTimes) {
  const std::vector<freeact::Run> runs = {
      run_on("simulated", 1, 1, 10, {1, 2, 3, 4}), run_on("cpu", 2, 1, 5, {1, 2, 3, 9}),
      run_on("simulated", 3, 2, 40, {1, 2, 3, 4}), run_on("cpu", 4, 2, 5, {1, 2, 3, 4})};
  const auto table = backend_table(runs, make_settings(runs));
  ASSERT_TRUE(table.has_value());
  ASSERT_EQ(table->rows.size(), 1U);
  const auto& row = table->rows[0];
  EXPECT_EQ(row[1].text, "cpu");
  EXPECT_EQ(row[3].text, "7 of 8");
  EXPECT_EQ(row[5].text, "25.0 s");
  EXPECT_EQ(row[7].text, "× 4.00");
  EXPECT_EQ(row[8].runs, (std::vector<int64_t>{1, 2, 3, 4}));
}

// Both runs of a cell in the tables of methods would count it twice.
TEST(BackendTable, TwinsStayOutOfTheTablesOfMethods) {
  const std::vector<freeact::Run> runs = {run_on("simulated", 1, 1, 10, {1}), run_on("cpu", 2, 1, 5, {1}),
                                          run_on("cpu", 3, 2, 5, {1})};
  const auto setting = make_settings(runs).at(0);
  std::vector<int64_t> shown;
  for (const auto& arm : setting.arms)
    for (const auto* run : arm.runs) shown.push_back(run->id);
  std::sort(shown.begin(), shown.end());
  EXPECT_EQ(shown, (std::vector<int64_t>{1, 3}));
}

TEST(BackendTable, IsNotThereWhenNothingWasRunTwice) {
  const std::vector<freeact::Run> runs = {run_on("simulated", 1, 1, 10, {1}), run_on("cpu", 2, 2, 5, {1})};
  EXPECT_FALSE(backend_table(runs, make_settings(runs)).has_value());
}

}  // namespace
}  // namespace freeact
