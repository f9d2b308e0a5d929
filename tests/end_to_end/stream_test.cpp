// A stream whose data change, as a user runs it.
#include <gtest/gtest.h>

#include <algorithm>

#include "end_to_end/program.h"
#include "store/store.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// The cheapest whole stream: one seed, one epoch, three windows.
std::string small_stream(const fs::path& database, const std::string& more = "") {
  return "stream stream/puzzle_dllm seed=1 method.epochs=1 stream.windows=3 stream.shift_at=1 stream.sequences=2 "
         "calibration.num_samples=4 stream.calibration.num_samples=4 --quiet --db " +
         database.string() + " " + more;
}

TEST(Stream, IsMeasuredInEveryArmKeptAndNotRunTwice) {
  const fs::path folder = fresh_folder("stream"), database = folder / "results.db";
  const Outcome first = run_program(small_stream(database, "--json"), folder);
  ASSERT_EQ(first.exit_code, 0) << first.error;
  EXPECT_NE(first.out.find("\"means+directions\":{\"before\":"), std::string::npos) << first.out;
  const auto streams = Store::open_for_reading(database).streams();
  ASSERT_EQ(streams.size(), 1u);
  EXPECT_EQ(stream_arms(streams[0]), (std::vector<std::string>{"frozen", "means", "means+directions", "recalibrated"}));
  EXPECT_EQ(streams[0].shift_at, 1);
  const auto before_learning = [&](const std::string& arm) {
    return mean_of_stream(streams[0], &StreamPoint::relative_error, arm, 0, 1);
  };
  EXPECT_EQ(before_learning("means"), before_learning("frozen"));
  EXPECT_EQ(before_learning("means+directions"), before_learning("frozen"));

  EXPECT_EQ(run_program(small_stream(database), folder).exit_code, 0);
  const auto found_finished = Store::open_for_reading(database).streams();
  ASSERT_EQ(found_finished.size(), 1u);
  EXPECT_EQ(found_finished[0].seconds, streams[0].seconds);
  ASSERT_EQ(run_program("report --quiet --db " + database.string() + " --out " + folder.string(), folder).exit_code, 0);
  EXPECT_NE(read_all(folder / "report.md").find("Streams: adapting calibration"), std::string::npos);
}

void expect_refused(const std::string& arguments, const std::vector<std::string>& words) {
  const fs::path folder = fresh_folder("bad_stream");
  const Outcome run = run_program(arguments + " --db " + (folder / "results.db").string(), folder);
  EXPECT_EQ(run.exit_code, 2) << run.error;
  EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
  for (const auto& word : words) EXPECT_NE(run.error.find(word), std::string::npos) << word << " in " << run.error;
}

TEST(Stream, RefusesWhatIsNoStreamAndWhatCannotAdapt) {
  expect_refused("stream smoke", {"'smoke' has no key 'stream'", "freeact run smoke"});
  expect_refused("run stream/puzzle_dllm", {"freeact stream stream/puzzle_dllm"});
  expect_refused("stream stream/puzzle_dllm method=rtn", {"method 'rtn' keeps neither means nor directions"});
  expect_refused("stream stream/puzzle_dllm calibration.num_samples=4",
                 {"'calibration.num_samples' is 4", "3 windows of 6 sequences need 18"});
}

}  // namespace
}  // namespace freeact
