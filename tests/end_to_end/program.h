// Runs the built program as a user would.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace freeact {

struct Outcome {
  int exit_code = -1;
  std::string out, error;
};

inline std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A fresh folder for the running test, which others may run beside.
inline std::filesystem::path fresh_folder(const std::string& name) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string own = test ? "_" + std::string(test->name()) : "";
  const auto folder = std::filesystem::path(testing::TempDir()) / ("freeact_" + name + own);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

inline Outcome run_program(const std::string& arguments, const std::filesystem::path& scratch,
                           const std::string& environment = "") {
  const std::string command = environment + " " + FREEACT_PROGRAM + " " + arguments + " >" +
                              (scratch / "stdout").string() + " 2>" + (scratch / "stderr").string() + " </dev/null";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_all(scratch / "stdout"),
          read_all(scratch / "stderr")};
}

// The cheapest whole run: two methods, ten items a task, few epochs.
inline std::string small_run(const std::filesystem::path& database) {
  return "run smoke method=rtn,flatquant quant=w3a3 seed=1,2 task.num_items=10 calibration.num_samples=12 "
         "--db " +
         database.string();
}

}  // namespace freeact
