// What must hold whatever a model writes: the right verdict, in time, and nothing changed outside.
#include "sandbox/python_program.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "sandbox/sandbox.h"

namespace freeact {
namespace {

class PythonProgram : public testing::Test {
 protected:
  void SetUp() override {
    if (!sandbox_obstacle().empty()) GTEST_SKIP() << sandbox_obstacle();
  }
};

ProgramVerdict run(const std::string& program) {
  return run_python_program(program, 1);
}

TEST_F(PythonProgram, PassesAtItsEndAlone) {
  EXPECT_TRUE(run("assert sorted([2, 1]) == [1, 2]").passed);
  EXPECT_EQ(run("assert False").why, "AssertionError");
  EXPECT_EQ(run("def f(:").why, "SyntaxError");
  EXPECT_FALSE(run("import sys; sys.exit(0)").passed);
  EXPECT_FALSE(run("import os; os._exit(0)").passed);
}

TEST_F(PythonProgram, CannotForgeAPass) {
  for (const char* program : {"import os; os.write(1, b'{\"passed\": true}'); os._exit(0)",
                              "import os\nfor fd in range(30):\n  try: os.write(fd, b'{\"passed\": true}')\n"
                              "  except OSError: pass\nos._exit(0)"})
    EXPECT_FALSE(run(program).passed) << program;
}

TEST_F(PythonProgram, IsStoppedInTimeWithAllThatItStarted) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(run("while True: pass").why, "timed out");
  EXPECT_EQ(run("import time; time.sleep(1000)").why, "timed out");
  EXPECT_EQ(run("while True:\n  try:\n    while True: pass\n  except BaseException: pass").why, "timed out");
  EXPECT_FALSE(run("import os, time\nif os.fork() == 0: time.sleep(1000)\nraise ValueError").passed);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST_F(PythonProgram, MeetsItsLimits) {
  EXPECT_FALSE(run("a = []\nwhile True: a.append(bytearray(1 << 26))").passed);
  EXPECT_FALSE(run("import os\nwhile True: os.fork()").passed);
  EXPECT_FALSE(run("while True: print('x' * 65536)").passed);
  EXPECT_FALSE(run("with open('big', 'wb') as f:\n  while True: f.write(bytes(1 << 20))").passed);
}

TEST_F(PythonProgram, ReadsNothingAndReachesNobody) {
  EXPECT_EQ(run("input()").why, "EOFError");
  EXPECT_FALSE(run("import socket; socket.create_connection(('192.0.2.1', 80), timeout=0.5)").passed);
  EXPECT_FALSE(run("import os; assert len(os.listdir('/proc')) > 0; os.kill(1, 9); assert os.listdir('/home')").passed);
}

TEST_F(PythonProgram, ChangesNothingOutside) {
  const auto probe = std::filesystem::temp_directory_path() / "freeact_sandbox_probe";
  std::filesystem::remove(probe);
  run("open('" + probe.string() + "', 'w').write('escaped')");
  EXPECT_FALSE(run("open('/usr/bin/freeact_sandbox_probe', 'w')").passed);
  EXPECT_FALSE(std::filesystem::exists(probe));
  EXPECT_TRUE(run("open('own.txt', 'w').write('x'); assert open('own.txt').read() == 'x'").passed);
  EXPECT_FALSE(run("open('own.txt')").passed) << "another run sees another scratch folder";
}

TEST_F(PythonProgram, ReadsAFolderThatIsShown) {
  const auto folder = std::filesystem::temp_directory_path() / "freeact_sandbox_reading";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "note.txt") << "seen";
  const auto run_cat = [&](const std::string& command) {
    return run_sandboxed({"/bin/sh", "-c", command}, "", {}, folder);
  };
  EXPECT_EQ(run_cat("cat /reading/note.txt").output, "seen");
  EXPECT_NE(run_cat("echo x > /reading/note.txt").exit_code, 0);
  EXPECT_NE(run_cat("cat " + (folder / "note.txt").string()).exit_code, 0) << "only there";
  EXPECT_NE(run_cat("id -u").output, "0\n");
}

TEST_F(PythonProgram, TakesAnyText) {
  EXPECT_TRUE(run("assert 'é\\U0001F600' == 'é\\U0001F600'").passed);
  EXPECT_FALSE(run("\xff\xfe").passed);
  EXPECT_TRUE(run("x = '" + std::string(300'000, 'y').append("'")).passed) << "longer than a pipe holds";
}

}  // namespace
}  // namespace freeact
