// `freeact data` on a project whose list holds two small data sets: one that a tool makes, one that the user has.
#include <gtest/gtest.h>

#include <algorithm>

#include "end_to_end/program.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int kFailed = 1, kUserInput = 2, kEnvironment = 3;

class Data : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fresh_folder(testing::UnitTest::GetInstance()->current_test_info()->name());
    write("project/experiments/config.yaml", "seed: 1\n");
    write("project/datasets/external.yaml", entry("made", "tool: make_it", "by a tool") + entry("owned", "", "owned"));
    tool("printf 'by a tool' >\"$1/a.txt\"");
    write("owned/a.txt", "owned");
  }

  void write(const fs::path& path, const std::string& text) {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }
  static std::string entry(const std::string& name, const std::string& more, const std::string& content) {
    return name + ":\n  about: x\n  licence: MIT\n  source: somewhere\n  folder: data/" + name + "\n  " + more +
           "\n  files: [{name: a.txt, sha256: " + sha256(content) + "}]\n";
  }
  void tool(const std::string& script) {
    write("project/tools/make_it", "#!/bin/bash\n" + script + "\n");
    fs::permissions(folder_ / "project/tools/make_it", fs::perms::owner_all);
  }

  Outcome data(const std::string& arguments) {
    return run_program("data " + arguments, folder_,
                       "env -u FREEACT_DATA FREEACT_HOME=" + (folder_ / "project").string() +
                           " XDG_CACHE_HOME=" + (folder_ / "cache").string());
  }
  void expect_refused(const std::string& arguments, int exit_code, const std::string& words) {
    const Outcome run = data(arguments);
    EXPECT_EQ(run.exit_code, exit_code) << run.error;
    EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
    EXPECT_NE(run.error.find(words), std::string::npos) << run.error;
  }
  fs::path imported(const std::string& name) { return folder_ / "cache/freeact/data" / name; }

  fs::path folder_;
};

TEST_F(Data, IsMadeOnceAndAgainWhenTheCacheIsGone) {
  ASSERT_EQ(data("import made").exit_code, 0);
  EXPECT_EQ(read_all(imported("made") / "a.txt"), "by a tool");
  tool("exit 9");
  EXPECT_EQ(data("import made").exit_code, 0) << "what is there is not made again";
  fs::remove_all(folder_ / "cache");
  tool("printf 'by a tool' >\"$1/a.txt\"");
  EXPECT_EQ(data("import made").exit_code, 0);
  EXPECT_EQ(data("check made").exit_code, 0);
}

TEST_F(Data, TheToolsLastLineIsTheError) {
  tool("echo noise >&2; echo 'make_it: no network here' >&2; exit 3");
  expect_refused("import made", kEnvironment, "make_it: no network here");
  EXPECT_FALSE(fs::exists(imported("made")));
}

TEST_F(Data, WhatIsNotAsExpectedIsNotImported) {
  tool("printf 'something else' >\"$1/a.txt\"");
  expect_refused("import made", kEnvironment, "a.txt");
  EXPECT_FALSE(fs::exists(imported("made")));
  write("owned/a.txt", "changed");
  expect_refused("import owned --from " + (folder_ / "owned").string(), kUserInput, "a.txt");
  EXPECT_FALSE(fs::exists(imported("owned")));
}

TEST_F(Data, IsCopiedFromAFolder) {
  expect_refused("import owned", kUserInput, "--from FOLDER");
  expect_refused("import owned --from /no/such", kUserInput, "/no/such");
  ASSERT_EQ(data("import owned --from " + (folder_ / "owned").string()).exit_code, 0);
  EXPECT_EQ(read_all(imported("owned") / "a.txt"), "owned");
}

TEST_F(Data, ItsBaseIsImportedFirst) {
  write("project/datasets/external.yaml", entry("base", "tool: make_it", "by a tool") +
                                              entry("built", "base: base\n  tool: build_it", "by a tool, built"));
  write("project/tools/build_it", "#!/bin/bash\n{ cat \"$1/../base/a.txt\"; printf ', built'; } >\"$1/a.txt\"\n");
  fs::permissions(folder_ / "project/tools/build_it", fs::perms::owner_all);
  ASSERT_EQ(data("import built").exit_code, 0);
  EXPECT_EQ(read_all(imported("built") / "a.txt"), "by a tool, built");
  fs::remove_all(imported("built"));
  tool("exit 9");
  EXPECT_EQ(data("import built").exit_code, 0) << "a base that is there is not made again";
}

TEST_F(Data, DamageIsFoundAndMended) {
  ASSERT_EQ(data("import made").exit_code, 0);
  std::ofstream(imported("made") / "a.txt") << "by a toad";
  expect_refused("check", kFailed, "another a.txt");
  ASSERT_EQ(data("import made").exit_code, 0);
  EXPECT_EQ(data("check").exit_code, 0);
}

TEST_F(Data, ListSaysWhatIsThere) {
  ASSERT_EQ(data("import made").exit_code, 0);
  const std::string list = data("list").out;
  EXPECT_NE(list.find("made               there"), std::string::npos) << list;
  EXPECT_NE(list.find("owned              missing"), std::string::npos) << list;
  expect_refused("import mode", kUserInput, "did you mean 'made'");
}

TEST(MissingModel, MadeByAnAdapterIsNamedToo) {
  const fs::path folder = fresh_folder("MissingAdaptedModel");
  const Outcome run = run_program("run quickstart --quiet --db " + (folder / "results.db").string(), folder,
                                  "env -u FREEACT_DATA XDG_CACHE_HOME=" + (folder / "cache").string());
  EXPECT_EQ(run.exit_code, kEnvironment);
  EXPECT_NE(run.error.find("run `freeact data import smollm2_diffusion`"), std::string::npos) << run.error;
}

TEST(MissingModel, IsNamedWithTheCommandThatImportsIt) {
  const fs::path folder = fresh_folder("MissingModel");
  const Outcome run = run_program("run smollm2_ppl --quiet --db " + (folder / "results.db").string(), folder,
                                  "env -u FREEACT_DATA XDG_CACHE_HOME=" + (folder / "cache").string());
  EXPECT_EQ(run.exit_code, kEnvironment);
  EXPECT_NE(run.error.find("run `freeact data import smollm2`"), std::string::npos) << run.error;
  EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
}

}  // namespace
}  // namespace freeact
