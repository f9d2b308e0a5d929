// The regression gate as CI uses it.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "program.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

// Stands in for a defect: every value of the first metric of the file's first arm, and its band, become half as large.
std::string with_first_metric_halved(std::string text) {
  const size_t line = text.find("\"name\":"), band = text.find("\"band\":[", line), end = text.find('\n', line);
  return text.replace(band, end - band, "\"band\":[1e-9,2e-9],\"values\":[1.5e-9,1.5e-9]},");
}

TEST(Compare, MakesAReferenceAndHoldsRunsAgainstIt) {
  const fs::path folder = fresh_folder("compare"), database = folder / "a.db", reference = folder / "reference.json";
  const std::string runs =
      "run smoke method=rtn quant=w3a3 seed=1,2 tasks=[sort,masked_likelihood] task.num_items=8 "
      "calibration.num_samples=8 "
      "--quiet --db " +
      database.string();
  ASSERT_EQ(run_program(runs, folder).exit_code, 0);
  const Outcome made =
      run_program("compare --make " + reference.string() + " --seeds 2 --db " + database.string(), folder);
  ASSERT_EQ(made.exit_code, 0) << made.error;
  const std::string compare = "compare --reference " + reference.string() + " --db " + database.string();
  const Outcome same = run_program(compare, folder);
  EXPECT_EQ(same.exit_code, 0) << same.out << same.error;
  EXPECT_NE(same.error.find("of them exactly"), std::string::npos) << same.error;

  write_text(reference, with_first_metric_halved(read_all(reference)));
  const fs::path junit = folder / "gate.xml", summary = folder / "summary.md";
  const Outcome moved =
      run_program(compare + " --github --junit " + junit.string() + " --markdown " + summary.string(), folder);
  EXPECT_EQ(moved.exit_code, 1) << moved.out << moved.error;
  EXPECT_NE(moved.out.find("::error file="), std::string::npos) << moved.out;
  EXPECT_NE(moved.error.find("layer_error"), std::string::npos) << "the metric is named: " << moved.error;
  EXPECT_NE(read_all(junit).find("failures=\"1\""), std::string::npos) << read_all(junit);
  EXPECT_NE(read_all(summary).find("### Fails"), std::string::npos) << read_all(summary);
  const Outcome json = run_program(compare + " --json --quiet", folder);
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_NE(json.out.find("\"outcome\":\"worse\""), std::string::npos) << json.out;
}

TEST(Compare, WrongInputIsToldApartFromAFailedComparison) {
  const fs::path folder = fresh_folder("compare_wrong");
  EXPECT_EQ(run_program("compare --db a.db", folder).exit_code, 2) << "neither --reference nor --make";
  EXPECT_EQ(run_program("compare --reference none.json --db a.db", folder).exit_code, 2);
  write_text(folder / "reference.json", "{\"format\": 1}");
  EXPECT_EQ(
      run_program("compare --reference " + (folder / "reference.json").string() + " --db none.db", folder).exit_code,
      2);
}

}  // namespace
}  // namespace freeact
