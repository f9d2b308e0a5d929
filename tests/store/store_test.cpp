#include "store/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "store/schema.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

RunRecord make_run(const std::string& key, uint64_t seed = 1) {
  return {
      .key = key,
      .experiment = "quickstart",
      .model = "tiny",
      .method = "rtn",
      .bits = "W4A4",
      .seed = seed,
      .resolved_config = "seed: 1\n",
      .source_version = "0.1.0",
      .checkpoint_hash = "c0ffee",
      .model_bytes = 5'000'000'000,
      .arm = "rtn_clipped",
      .machine = "a machine",
      .started_at = "2025-01-01T00:00:00Z",
      .calibration_s = 1.5,
      .evaluation_s = 2.5,
      .metrics = {{"sort", 1, "exact_match", "", 97.5, 1.1, 200, true, "%"},
                  {"sort", 1, "nll", "mask_ratio=0.4", 0.0127, 0.001, 200, false, "nats"}},
      .samples = {{"sort", 0, "ab", "1 2 3", 1.0},
                  {"sort", 1, "cd", "it's \"odd\"", 0.0, SampleDetails{"3 2 1=", "it's \"odd\"!", "{}", 4, 2, 0.5}}},
      .layer_errors = {{0, "attention.qkv", "mask", 0.03, 512, 0.01, 0.02}},
      .activations = {{1, "mlp.down", "visible", 512, 1536, 81.5, 700, 0.125, 93, 40, 12.5, 300}},
      .gallery = {},
      .block_trainings = {},
      .row_spaces = {{1, "mlp.down", "visible", "mask", 1536, 40, 30, 12, 0.5, 80, 30, 0.2, 0.01, 0.02}},
      .solution_spaces = {{1, "mlp.down", "visible", 512, 1536, 300, 900, 48, 1e-4, 2e-4, 3e-3}},
      .surfaces = {{1, "mlp.down", "mask", 100, 1536, 2, 3, 7.5, std::string("\0\xff\x10\0ab", 6)}},
      .unmaskings = {{"sort", 1, {{"it's", 1}, {" \"odd\"", 0}, {"!", -1}}}}};
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "freeact_store_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ / "results.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_, path_;
};

// Root may write anywhere; permissions are tested as somebody else.
class AsOrdinaryUser {
 public:
  AsOrdinaryUser() : root_(geteuid() == 0) {
    if (root_ && seteuid(65534) != 0) ADD_FAILURE() << "cannot drop root";
  }
  ~AsOrdinaryUser() {
    if (root_ && seteuid(0) != 0) ADD_FAILURE() << "cannot become root again";
  }

 private:
  bool root_;
};

template <typename ErrorType>
std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const ErrorType& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(StoreTest, KeepsEverythingOfARun) {
  RunRecord run = make_run("k", std::numeric_limits<uint64_t>::max());
  const int64_t id = Store::open_for_writing(path_).add(run);
  const Store store = Store::open_for_reading(path_);
  EXPECT_EQ(store.load(id), run);
  EXPECT_TRUE(store.has("k"));
  EXPECT_FALSE(store.has("other"));
}

TEST_F(StoreTest, KeepsNotANumberAndInfinity) {
  RunRecord run = make_run("k");
  run.metrics[0].value = kNan;
  run.metrics[1].value = std::numeric_limits<double>::infinity();
  auto store = Store::open_for_writing(path_);
  const RunRecord loaded = store.load(store.add(run));
  EXPECT_TRUE(std::isnan(loaded.metrics[0].value));
  EXPECT_EQ(loaded.metrics[1].value, std::numeric_limits<double>::infinity());
}

TEST_F(StoreTest, AddsAKeyOnceAndReplacesUnderTheSameId) {
  auto store = Store::open_for_writing(path_);
  const int64_t id = store.add(make_run("k"));
  RunRecord changed = make_run("k");
  changed.metrics.pop_back();
  changed.layer_errors.clear();
  changed.activations.clear();
  EXPECT_EQ(store.add(changed), id);
  EXPECT_EQ(store.load(id), make_run("k"));
  EXPECT_EQ(store.add(changed, true), id);
  EXPECT_EQ(store.load(id), changed);
  EXPECT_EQ(store.runs().size(), 1U);
}

TEST_F(StoreTest, LeavesNoPartialRunWhenARowIsRefused) {
  auto store = Store::open_for_writing(path_);
  store.add(make_run("good"));
  const std::string digest = store.results_digest();
  RunRecord twice = make_run("bad");
  twice.layer_errors.push_back(twice.layer_errors[0]);  // the last table refuses it, after all the others were written
  EXPECT_THROW(store.add(twice), Defect);
  EXPECT_EQ(store.results_digest(), digest);
  twice.key = "good";
  EXPECT_THROW(store.add(twice, true), Defect);
  EXPECT_EQ(store.results_digest(), digest);
}

TEST_F(StoreTest, SurvivesAKilledWriter) {
  Store::open_for_writing(path_).add(make_run("first"));
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    database.exec(
        "PRAGMA cache_size = 1");  // spills to the file before the commit, so that a journal must be rolled back
    database.exec("BEGIN IMMEDIATE");
    for (int i = 0; i < 200; ++i)
      database.exec("INSERT INTO samples VALUES (1, 'x', " + std::to_string(i) + ", '', hex(zeroblob(2000)), 0)");
    [[maybe_unused]] const auto written = write(ready[1], "x", 1);
    pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_TRUE(std::filesystem::exists(path_.string() + "-journal"));
  EXPECT_EQ(Store::open_for_reading(path_).load(1), make_run("first"));
}

TEST_F(StoreTest, TwoProcessesWriteAtOnce) {
  constexpr int kRuns = 20;
  const auto write_runs = [&](const std::string& prefix) {
    auto store = Store::open_for_writing(path_);
    for (int i = 0; i < kRuns; ++i) store.add(make_run(prefix + std::to_string(i)));
  };
  const pid_t child = fork();
  if (child == 0) {
    write_runs("child");
    _exit(0);
  }
  write_runs("parent");
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Store::open_for_reading(path_).runs().size(), 2U * kRuns);
}

TEST_F(StoreTest, DigestIgnoresOrderTimesAndMachines) {
  auto first = Store::open_for_writing(folder_ / "a.db");
  first.add(make_run("k1"));
  first.add(make_run("k2"));
  auto second = Store::open_for_writing(folder_ / "b.db");
  RunRecord later = make_run("k2");
  later.started_at = "2026-02-02T00:00:00Z";
  later.machine = "another";
  later.calibration_s = 99;
  std::swap(later.samples[0], later.samples[1]);
  second.add(later);
  EXPECT_NE(first.results_digest(), second.results_digest());
  second.add(make_run("k1"));
  EXPECT_EQ(first.results_digest(), second.results_digest());
}

TEST_F(StoreTest, DigestSeesTheLastBitOfEveryResult) {
  auto store = Store::open_for_writing(path_);
  store.add(make_run("k"));
  const std::string digest = store.results_digest();
  const auto digest_after = [&](const std::function<void(RunRecord&)>& change) {
    RunRecord run = make_run("k");
    change(run);
    store.add(run, true);
    return store.results_digest();
  };
  EXPECT_NE(digest_after([](RunRecord& r) { r.metrics[0].value = std::nextafter(97.5, 98); }), digest);
  EXPECT_NE(digest_after([](RunRecord& r) { r.samples[1].output += " "; }), digest);
  EXPECT_NE(digest_after([](RunRecord& r) { r.samples[1].details->response = "4"; }), digest);
  EXPECT_NE(digest_after([](RunRecord& r) { r.layer_errors[0].relative_error *= 2; }), digest);
  EXPECT_NE(digest_after([](RunRecord& r) { r.layer_errors[0].truncation = std::nullopt; }), digest);
  EXPECT_NE(digest_after([](RunRecord& r) { r.activations[0].kurtosis *= 2; }), digest);
  EXPECT_NE(digest_after([](RunRecord& r) { r.row_spaces[0].other_output *= 2; }), digest);
  EXPECT_NE(digest_after([](RunRecord& r) { r.solution_spaces[0].activation_rank = 9; }), digest);
  EXPECT_NE(digest_after([](RunRecord& r) { r.checkpoint_hash = "other"; }), digest);
  EXPECT_EQ(digest_after([](RunRecord&) {}), digest);
}

TEST_F(StoreTest, FindsARunByNumberOrBeginningOfItsKey) {
  auto store = Store::open_for_writing(path_);
  const int64_t a = store.add(make_run("abcd"));
  const int64_t b = store.add(make_run("abef"));
  EXPECT_EQ(store.find(std::to_string(b)), b);
  EXPECT_EQ(store.find("abc"), a);
  EXPECT_EQ(store.find("x"), std::nullopt);
  EXPECT_EQ(store.find(""), std::nullopt);
  EXPECT_THAT(message_of<UserError>([&] { store.find("ab"); }), HasSubstr("several runs"));
  EXPECT_THAT(message_of<UserError>([&] { store.load(77); }), HasSubstr("no run 77"));
}

TEST_F(StoreTest, ListsTheRunsOfOneExperiment) {
  auto store = Store::open_for_writing(path_);
  store.add(make_run("a"));
  RunRecord other = make_run("b");
  other.experiment = "paper/llada";
  const int64_t id = store.add(other);
  ASSERT_EQ(store.runs("paper/llada").size(), 1U);
  EXPECT_EQ(store.runs("paper/llada")[0].id, id);
  EXPECT_TRUE(store.runs("none such").empty());
}

// The tables as version 1 wrote them, before layer errors.
void write_version_1(const std::filesystem::path& path) {
  SQLite::Database old(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  old.exec(R"sql(
    CREATE TABLE runs (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, experiment TEXT NOT NULL, model TEXT NOT NULL,
      method TEXT NOT NULL, bits TEXT NOT NULL, seed INTEGER NOT NULL, resolved_config TEXT NOT NULL,
      source_version TEXT NOT NULL, checkpoint_hash TEXT NOT NULL);
    CREATE TABLE circumstances (run_id INTEGER PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE,
      machine TEXT NOT NULL, started_at TEXT NOT NULL, calibration_s REAL, evaluation_s REAL);
    CREATE TABLE metrics (run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, task TEXT NOT NULL,
      task_version INTEGER NOT NULL, name TEXT NOT NULL, "group" TEXT NOT NULL, value REAL, standard_error REAL,
      count INTEGER NOT NULL, higher_is_better INTEGER NOT NULL, unit TEXT NOT NULL);
    CREATE TABLE samples (run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, task TEXT NOT NULL,
      "index" INTEGER NOT NULL, input_hash TEXT NOT NULL, output TEXT NOT NULL, score REAL);
    INSERT INTO runs VALUES (5, 'old', 'quickstart', 'tiny', 'rtn', 'W4A4', 1, 'seed: 1', '0.0.9', 'c0ffee');
    INSERT INTO circumstances VALUES (5, 'a machine', '2024-01-01T00:00:00Z', 1, 2);
    INSERT INTO metrics VALUES (5, 'sort', 1, 'exact_match', '', 88.5, 1, 200, 1, '%');
    PRAGMA application_id = 1181892963;
    PRAGMA user_version = 1)sql");
}

TEST_F(StoreTest, UpgradesAnOlderFileAndKeepsItsRuns) {
  write_version_1(path_);
  auto store = Store::open_for_writing(path_);
  EXPECT_DOUBLE_EQ(store.load(5).metrics.at(0).value, 88.5);
  EXPECT_TRUE(store.load(5).layer_errors.empty());
  const int64_t id = store.add(make_run("new"));
  EXPECT_EQ(store.load(id).layer_errors.size(), 1U);
  EXPECT_EQ(store.load(id).activations.size(), 1U);
}

TEST_F(StoreTest, ReadsAnOlderFileWithoutChangingIt) {
  write_version_1(path_);
  const std::string before = read_file(path_);
  EXPECT_DOUBLE_EQ(Store::open_for_reading(path_).load(5).metrics.at(0).value, 88.5);
  EXPECT_EQ(read_file(path_), before);
}

TEST_F(StoreTest, RefusesANewerSchema) {
  Store::open_for_writing(path_);
  SQLite::Database(path_.string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  const auto says_newer = AllOf(HasSubstr("results.db"), HasSubstr("version 99"), HasSubstr("newer"));
  EXPECT_THAT(message_of<UserError>([&] { Store::open_for_writing(path_); }), says_newer);
  EXPECT_THAT(message_of<UserError>([&] { Store::open_for_reading(path_); }), says_newer);
}

TEST_F(StoreTest, RefusesFilesOfOtherPrograms) {
  std::ofstream(path_) << std::string(5000, 'x');
  EXPECT_THAT(message_of<UserError>([&] { Store::open_for_writing(path_); }), HasSubstr("results.db"));
  EXPECT_THAT(message_of<UserError>([&] { Store::open_for_reading(path_); }), HasSubstr("no result database"));
  const auto other = folder_ / "other.db";
  SQLite::Database(other.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE bookmarks (x)");
  EXPECT_THAT(message_of<UserError>([&] { Store::open_for_writing(other); }), HasSubstr("another program"));
}

TEST_F(StoreTest, SaysWhichCommandFillsAMissingFile) {
  const std::string message = message_of<UserError>([&] { Store::open_for_reading(path_); });
  EXPECT_THAT(message, AllOf(HasSubstr("freeact run"), HasSubstr("results.db"), Not(HasSubstr("\n"))));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(StoreTest, ReportsAReadOnlyFileBeforeAnyWork) {
  Store::open_for_writing(path_).add(make_run("k"));
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  std::filesystem::permissions(path_, std::filesystem::perms(0444));
  const AsOrdinaryUser user;
  EXPECT_THAT(message_of<EnvironmentError>([&] { Store::open_for_writing(path_); }),
              AllOf(HasSubstr("results.db"), HasSubstr("read-only"), Not(HasSubstr("\n"))));
  EXPECT_EQ(Store::open_for_reading(path_).runs().size(), 1U);
}

TEST_F(StoreTest, ReportsAReadOnlyFolderBeforeAnyWork) {
  Store::open_for_writing(path_);
  std::filesystem::permissions(path_, std::filesystem::perms(0666));
  std::filesystem::permissions(folder_, std::filesystem::perms(0555));
  const AsOrdinaryUser user;
  for (const auto& path : {path_, folder_ / "new.db", folder_ / "deeper" / "new.db"})
    EXPECT_THAT(message_of<EnvironmentError>([&] { Store::open_for_writing(path); }), HasSubstr(path.string()));
}

TEST_F(StoreTest, CreatesTheFolder) {
  const auto deep = folder_ / "a" / "b" / "results.db";
  Store::open_for_writing(deep).add(make_run("k"));
  EXPECT_TRUE(Store::open_for_reading(deep).has("k"));
}

}  // namespace
}  // namespace freeact
