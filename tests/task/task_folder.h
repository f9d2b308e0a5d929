// Temporary folders of tasks.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "util/files.h"

namespace freeact::test {

namespace fs = std::filesystem;

inline fs::path datasets() {
  return fs::path(FREEACT_SOURCE_DIR) / "datasets";
}

// A datasets/ of one task, "toy".
class TaskFolder {
 public:
  TaskFolder() {
    const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    path_ = fs::temp_directory_path() / ("freeact_task_" + name + "_" + std::to_string(getpid()));
    fs::create_directories(path_ / "toy");
  }
  ~TaskFolder() { fs::remove_all(path_); }
  TaskFolder(const TaskFolder&) = delete;
  TaskFolder& operator=(const TaskFolder&) = delete;

  const fs::path& path() const { return path_; }
  fs::path write(const std::string& name, const std::string& text) const {
    write_file_atomically(path_ / "toy" / name, text);
    return path_ / "toy" / name;
  }

 private:
  fs::path path_;
};

}  // namespace freeact::test
