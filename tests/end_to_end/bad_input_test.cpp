// What a user gets wrong ends in one clear line, the documented exit code, and no rows.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "end_to_end/program.h"
#include "store/store.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int kUserInput = 2, kEnvironment = 3;

class BadInput : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fresh_folder(testing::UnitTest::GetInstance()->current_test_info()->name());
    database_ = folder_ / "results.db";
  }

  // One line on stderr that holds every word, the exit code, and no rows.
  void expect_refused(const std::string& arguments, int exit_code, const std::vector<std::string>& words,
                      const std::string& environment = "") {
    const Outcome run = run_program(arguments, folder_, environment);
    EXPECT_EQ(run.exit_code, exit_code) << run.error;
    EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
    for (const auto& word : words) EXPECT_NE(run.error.find(word), std::string::npos) << word << " in " << run.error;
    if (fs::exists(database_)) {
      EXPECT_TRUE(Store::open_for_reading(database_).runs().empty());
    }
  }

  std::string quick(const std::string& more) {
    return "run smoke method=rtn quant=w4a4 seed=1 tasks=[sort] task.num_items=5 --quiet --db " + database_.string() +
           " " + more;
  }

  // A copy of the shipped model that a test may spoil.
  fs::path model_copy() {
    fs::copy(fs::path(FREEACT_SOURCE_DIR) / "datasets/puzzle_dllm/model", folder_ / "model");
    return folder_ / "model";
  }

  fs::path folder_, database_;
};

TEST_F(BadInput, MisspeltMethod) {
  expect_refused("run smoke method=freact --db " + database_.string(), kUserInput,
                 {"freact", "did you mean 'freeact'"});
}

TEST_F(BadInput, UnknownKey) {
  expect_refused(quick("calibration.num_sample=3"), kUserInput, {"num_sample", "num_samples", "command line"});
}

TEST_F(BadInput, TokenTypesThatTheModelDoesNotHave) {
  expect_refused(quick("model.token_types=text_vision_system_answer"), kUserInput,
                 {"model.token_types", "use prompt_generated_mask"});
  expect_refused(quick("model.token_types=promt_generated_mask"), kUserInput,
                 {"model.token_types", "did you mean 'prompt_generated_mask'"});
}

TEST_F(BadInput, UnknownTaskKey) {
  expect_refused(quick("task.num_item=3"), kUserInput, {"num_item", "num_items", "command line"});
  expect_refused(quick("task.generation.alg=entropi"), kUserInput,
                 {"command line", "tasks[0].generation.alg", "entropy"});
}

TEST_F(BadInput, UnknownMethodKey) {
  expect_refused(quick("method.w_clipp=searched"), kUserInput, {"method.w_clipp", "method.w_clip"});
}

TEST_F(BadInput, UnknownExperiment) {
  expect_refused("run quickstrat --db " + database_.string(), kUserInput, {"quickstrat", "quickstart"});
}

TEST_F(BadInput, UnknownVerb) {
  expect_refused("rum quickstart", kUserInput, {"rum", "did you mean 'run'"});
}

TEST_F(BadInput, TruncatedCheckpoint) {
  const fs::path model = model_copy();
  fs::resize_file(model / "model.safetensors", fs::file_size(model / "model.safetensors") / 2);
  expect_refused(quick("model.path=" + model.string()), kUserInput, {"model.safetensors", "truncated"});
}

TEST_F(BadInput, CheckpointOfAnotherShape) {
  const fs::path model = model_copy();
  std::string config = read_all(model / "config.json");
  const std::string was = "\"mlp_hidden_size\": 512";
  ASSERT_NE(config.find(was), std::string::npos);
  config.replace(config.find(was), was.size(), "\"mlp_hidden_size\": 500");
  std::ofstream(model / "config.json") << config;
  expect_refused(quick("model.path=" + model.string()), kUserInput, {"does not fit", "[512, 128]", "[500, 128]"});
}

TEST_F(BadInput, MissingCheckpoint) {
  expect_refused(quick("model.path=/no/such/folder"), kUserInput, {"/no/such/folder"});
}

TEST_F(BadInput, ReadOnlyDatabase) {
  if (geteuid() == 0) {  // root may write anywhere, so a database that cannot be one stands in for it
    fs::create_directories(database_ / "a folder");
    const Outcome run = run_program(quick(""), folder_);
    EXPECT_EQ(run.exit_code, kEnvironment) << run.error;
    EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
    return;
  }
  { Store::open_for_writing(database_); }
  fs::permissions(database_, fs::perms::owner_read);
  expect_refused(quick(""), kEnvironment, {"results.db"});
}

TEST_F(BadInput, FileThatIsNoDatabase) {
  std::ofstream(database_) << "these are not the rows you are looking for, and there are more than a hundred bytes of "
                              "them, so that nobody takes this for an empty file";
  const Outcome run = run_program(quick(""), folder_);
  EXPECT_EQ(run.exit_code, kUserInput) << run.error;
  EXPECT_NE(run.error.find("results.db"), std::string::npos) << run.error;
}

TEST_F(BadInput, ReportWithoutResults) {
  expect_refused("report --db " + (folder_ / "none.db").string(), kUserInput, {"none.db", "run"});
}

TEST_F(BadInput, VerifyOfNothing) {
  expect_refused("verify " + (folder_ / "nothing").string(), kUserInput, {"nothing"});
}

TEST_F(BadInput, BenchFilterThatMatchesNothing) {
  expect_refused("bench --filter no.such.benchmark --db " + database_.string(), kUserInput,
                 {"no.such.benchmark", "freeact bench --list"});
}

TEST_F(BadInput, DamagedProjectFolder) {
  expect_refused("list experiments", kEnvironment, {"FREEACT_HOME"}, "FREEACT_HOME=/no/such/place");
}

}  // namespace
}  // namespace freeact
