// `freeact data` on a project whose list holds two small data sets: one that a tool makes, one that the user has.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

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

  // A benchmark, whose data its own manifest lists.
  void write_manifest(const std::string& name, const std::string& more) {
    write("project/datasets/" + name + "/manifest.yaml",
          "about: a benchmark\nimported:\n  licence: MIT\n  source: somewhere\n  folder: data/" + name + "\n" + more);
  }
  void copy_tool(const std::string& name) {
    fs::create_directories(folder_ / "project/tools");
    fs::copy(fs::path(FREEACT_SOURCE_DIR) / "tools" / name, folder_ / "project/tools" / name);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome data(const std::string& arguments) {
    const std::string own = own_data_.empty() ? "-u FREEACT_DATA" : "FREEACT_DATA=" + own_data_;
    return run_program("data " + arguments, folder_,
                       "env " + own + " FREEACT_HOME=" + (folder_ / "project").string() +
                           " XDG_CACHE_HOME=" + (folder_ / "cache").string());
  }
  void expect_refused(const std::string& arguments, int exit_code, const std::string& words) {
    const Outcome run = data(arguments);
    EXPECT_EQ(run.exit_code, exit_code) << run.error;
    EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
    EXPECT_NE(run.error.find(words), std::string::npos) << run.error;
  }
  fs::path imported(const std::string& name) { return folder_ / "cache/freeact/data" / name; }

  // Neither the data nor a part of them.
  void expect_nothing_of(const std::string& name) {
    for (const auto& entry : fs::directory_iterator(imported(name).parent_path()))
      EXPECT_FALSE(entry.path().filename().string().starts_with(name)) << entry.path();
  }

  fs::path folder_;
  std::string own_data_;
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
  EXPECT_NE(list.find("freeact data import owned a.txt\n"), std::string::npos) << list;
  const auto first = nlohmann::json::parse(data("list --json").out.substr(0, data("list --json").out.find('\n')));
  EXPECT_EQ(first["import"], "freeact data import made");
  EXPECT_EQ(first["state"], "there");
  expect_refused("import mode", kUserInput, "did you mean 'made'");
}

TEST_F(Data, FilesAreTakenByTheirNames) {
  write("project/datasets/external.yaml",
        "set:\n  about: x\n  licence: MIT\n  source: somewhere\n  folder: data/set\n  files:\n    - {name: a.txt, "
        "sha256: " +
            sha256("one") + ", from: [set-a.txt]}\n    - {name: b.txt, sha256: " + sha256("two") + "}\n");
  write("downloads/set-a.txt", "one");
  write("b.txt", "two");
  write("c.txt", "two");
  expect_refused("import set " + path("b.txt"), kUserInput, "a.txt is missing");
  expect_refused("import set " + path("b.txt") + " " + path("c.txt"), kUserInput, "c.txt' is no file of set");
  expect_refused("import set " + path("no.txt"), kUserInput, "no.txt");
  expect_refused("import set " + path("b.txt") + " --from " + path("downloads"), kUserInput, "beside --from");
  expect_nothing_of("set");
  ASSERT_EQ(data("import set " + path("downloads/set-a.txt") + " " + path("b.txt")).exit_code, 0);
  EXPECT_EQ(read_all(imported("set") / "a.txt"), "one");
  EXPECT_EQ(read_all(imported("set") / "b.txt"), "two");
}

TEST_F(Data, AFileOfAnotherVersionIsRefusedByItsSum) {
  write("a.txt", "a newer version");
  expect_refused("import owned " + path("a.txt"), kUserInput, sha256("owned"));
  expect_nothing_of("owned");
}

TEST_F(Data, PackedFilesAreUnpacked) {
  write_manifest("packed", "  files: [{name: a.jsonl, sha256: " + sha256("{}\n") + ", from: [a.jsonl.gz]}]\n");
  write("a.jsonl", "{}\n");
  ASSERT_EQ(std::system(("gzip " + path("a.jsonl")).c_str()), 0);
  const std::string packed = read_all(folder_ / "a.jsonl.gz");
  write("a.jsonl.gz", packed.substr(0, packed.size() / 2));
  expect_refused("import packed " + path("a.jsonl.gz"), kUserInput, "cannot be unpacked");
  expect_nothing_of("packed");
  write("a.jsonl.gz", packed);
  ASSERT_EQ(data("import packed " + path("a.jsonl.gz")).exit_code, 0);
  EXPECT_EQ(read_all(imported("packed") / "a.jsonl"), "{}\n");
}

TEST_F(Data, ListedImagesBelongToTheData) {
  const std::string list = R"({"image": "images/1.png", "sha256": ")" + sha256("one") + "\"}\n";
  write_manifest("seen", "  lists: list.jsonl\n  files: [{name: list.jsonl, sha256: " + sha256(list) + "}]\n");
  write("seen/list.jsonl", list);
  expect_refused("import seen " + path("seen"), kUserInput, "images/1.png");
  write("seen/images/1.png", "one");
  ASSERT_EQ(data("import seen " + path("seen")).exit_code, 0);
  EXPECT_EQ(data("check seen").exit_code, 0);
  std::ofstream(imported("seen") / "images/1.png") << "two";
  expect_refused("check seen", kFailed, "images/1.png");
}

// A PNG of one pixel.
constexpr const char* kPixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

TEST_F(Data, TablesWithImagesBecomeDocuments) {
  copy_tool("import_vlmevalkit");
  write_manifest(
      "docvqa",
      "  tool: import_vlmevalkit\n  published: [{name: DocVQA_VAL.tsv}]\n  files: [{name: documents.jsonl}]\n");
  write("DocVQA_VAL.tsv",
        std::string("index\timage\tquestion\tanswer\n7\t8\t\"Who \"\"signed\"\"\nthis?\"\t['Ann', \"it's\"]\n8\t") +
            kPixel + "\tWhen?\t[sic]\n");
  const Outcome run = data("import docvqa " + path("DocVQA_VAL.tsv"));
  ASSERT_EQ(run.exit_code, 0) << run.error;
  EXPECT_NE(run.out.find("DocVQA_VAL.tsv: no sum is known"), std::string::npos) << run.out;
  std::istringstream lines(read_all(imported("docvqa") / "documents.jsonl"));
  std::string first, second;
  std::getline(lines, first);
  std::getline(lines, second);
  const auto signed_by = nlohmann::json::parse(first), when = nlohmann::json::parse(second);
  EXPECT_EQ(signed_by["question"], "Who \"signed\"\nthis?");
  EXPECT_EQ(signed_by["answers"], nlohmann::json({"Ann", "it's"}));
  EXPECT_EQ(when["answers"], nlohmann::json({"[sic]"}));
  EXPECT_EQ(signed_by["images"], when["images"]) << "the first row's image is that of row 8";

  const std::string image = when["images"][0];
  EXPECT_EQ(image, "images/" + sha256_file(imported("docvqa") / image) + ".png");
  EXPECT_EQ(data("check docvqa").exit_code, 0);
  std::ofstream(imported("docvqa") / image, std::ios::app) << "!";
  expect_refused("check docvqa", kFailed, image);
}

TEST_F(Data, TablesAreRefusedWhole) {
  copy_tool("import_vlmevalkit");
  write_manifest("chartqa",
                 "  tool: import_vlmevalkit\n  published: [{name: ChartQA_TEST.tsv, md5: "
                 "d41d8cd98f00b204e9800998ecf8427e}]\n  files: [{name: documents.jsonl}]\n");
  write("ChartQA_TEST.tsv", "index\timage\tquestion\tanswer\n0\t4\tWhat?\t1\n");
  expect_refused("import chartqa " + path("ChartQA_TEST.tsv"), kUserInput, "d41d8cd98f00b204e9800998ecf8427e");
  write_manifest(
      "chartqa",
      "  tool: import_vlmevalkit\n  published: [{name: ChartQA_TEST.tsv}]\n  files: [{name: documents.jsonl}]\n");
  expect_refused("import chartqa " + path("ChartQA_TEST.tsv"), kUserInput, "ChartQA_TEST.tsv:2: its image");
  expect_refused("import chartqa", kUserInput, "ChartQA_TEST.tsv");
  expect_nothing_of("chartqa");
}

TEST_F(Data, GoToTheUsersFolderAndReplaceNothingThere) {
  own_data_ = path("mine");
  ASSERT_EQ(data("import owned --from " + path("owned")).exit_code, 0);
  EXPECT_EQ(read_all(folder_ / "mine/owned/a.txt"), "owned");
  EXPECT_FALSE(fs::exists(imported("owned")));
  write("mine/owned/a.txt", "my own notes");
  expect_refused("import owned --from " + path("owned"), kUserInput, "move it away");
  EXPECT_EQ(read_all(folder_ / "mine/owned/a.txt"), "my own notes");
}

TEST_F(Data, FaultsOfAManifestAreLocated) {
  write_manifest("bad", "  licence_: MIT\n");
  expect_refused("list", kUserInput, "bad/manifest.yaml:6");
  write_manifest("made", "  files: []\n");
  fs::remove_all(folder_ / "project/datasets/bad");
  expect_refused("list", kUserInput, "external.yaml lists 'made' too");
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
