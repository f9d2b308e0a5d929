// What becomes of a database that a disk, another program or a full file system spoils.
#include "store/integrity.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "message_of.h"
#include "store/store.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kItems = 500;

RunRecord large_run(const std::string& key) {
  RunRecord run;
  run.key = run.experiment = run.model = run.method = run.bits = key;
  for (int i = 0; i < kItems; ++i) run.samples.push_back({"sort", i, "ab", std::string(100, 'x'), 1});
  return run;
}

class SpoiltDatabase : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "freeact_spoilt_database" /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    Store::open_for_writing(path()).add(large_run("first"));
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path path() const { return folder_ / "results.db"; }

 private:
  fs::path folder_;
};

TEST_F(SpoiltDatabase, AWholeOneIsFoundWhole) {
  check_integrity(path());
}

TEST_F(SpoiltDatabase, DamageInTheMiddleIsFoundAndTheMessageSaysWhatToDo) {
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(path()) / 2));
  file << std::string(5000, '\xA5') << std::flush;
  EXPECT_THAT(message_of<UserError>([&] { check_integrity(path()); }),
              AllOf(HasSubstr("results.db' is damaged"), HasSubstr("freeact merge"), Not(HasSubstr("\n"))));
}

TEST_F(SpoiltDatabase, ACutFileIsFound) {
  fs::resize_file(path(), fs::file_size(path()) / 2);
  EXPECT_THAT(message_of<UserError>([&] { check_integrity(path()); }), HasSubstr("is damaged"));
}

TEST_F(SpoiltDatabase, RowsThatADeletionLeftAreFound) {
  SQLite::Database(path().string(), SQLite::OPEN_READWRITE).exec("DELETE FROM runs");
  EXPECT_THAT(message_of<UserError>([&] { check_integrity(path()); }),
              AllOf(HasSubstr("500 of samples without their runs"), HasSubstr("docs/database.md")));
}

// A limit on file sizes stands for the full disk.
TEST_F(SpoiltDatabase, AFullDiskIsNamedAndLeavesWhatWasThere) {
  const std::string before = Store::open_for_reading(path()).results_digest();
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    auto store = Store::open_for_writing(path());
    const rlimit size = {fs::file_size(path()) + 8192, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &size);
    try {
      store.add(large_run("second"));
    } catch (const EnvironmentError& error) {
      _exit(std::string(error.what()).find("check free space") == std::string::npos ? 2 : 0);
    } catch (...) {
      _exit(3);
    }
    _exit(4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Store::open_for_reading(path()).results_digest(), before);
  check_integrity(path());
}

}  // namespace
}  // namespace freeact
