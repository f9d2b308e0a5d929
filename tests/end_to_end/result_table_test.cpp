// The table at the end of `freeact run`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "end_to_end/program.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string two_methods(const std::filesystem::path& database) {
  return "run smoke method=none,rtn quant=w3a3 seed=1 tasks=[sort,reverse] task.num_items=5 calibration.num_samples=4 "
         "--db " +
         database.string();
}

TEST(ResultTable, ShowsTheCellsOfTheSweepFoundOrRun) {
  const std::filesystem::path folder = fresh_folder("result_table");
  const Outcome first = run_program(two_methods(folder / "a.db"), folder);
  ASSERT_EQ(first.exit_code, 0) << first.error;
  for (const char* text : {"puzzle_dllm, W3A3, mean over 1 seed", "sort", "reverse", "Average", "16-bit", "RTN"})
    EXPECT_THAT(first.out, HasSubstr(text));
  EXPECT_THAT(first.out, Not(HasSubstr("\x1b"))) << "a file gets no styles";
  EXPECT_EQ(run_program(two_methods(folder / "a.db"), folder).out, first.out) << "of cells that were finished before";
  EXPECT_EQ(run_program(two_methods(folder / "a.db") + " --quiet", folder).out, "");
  EXPECT_EQ(run_program(two_methods(folder / "a.db") + " --json", folder).out, "") << "no new cell, hence no line";
  EXPECT_EQ(run_program(two_methods(folder / "a.db") + " --dry-run", folder).out, "");
}

}  // namespace
}  // namespace freeact
