// Whole models against the outputs of their published code.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "checkpoint/safetensors.h"
#include "util/files.h"
#include "verify/checkpoint_cases.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

fs::path committed(const char* set) {
  return fs::path(FREEACT_SOURCE_DIR) / "tests/golden/data" / set;
}

fs::path tiny_llada() {
  return committed("llada_tiny");
}

std::string table(const CheckReport& report) {
  std::ostringstream text;
  report.write_table(text);
  return text.str();
}

CheckReport verified(const fs::path& folder, const Filter& filter = {}) {
  CheckReport report;
  verify_checkpoint(folder, filter, report);
  return report;
}

std::vector<std::string> case_names(const CheckReport& report) {
  std::vector<std::string> names;
  for (const CheckLine& line : report.lines())
    if (names.empty() || names.back() != line.case_name) names.push_back(line.case_name);
  return names;
}

// A copy of the tiny set that a test may spoil.
class SpoiledSet : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / fmt::format("spoiled_{}", ::getpid()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_.parent_path());
    fs::copy(tiny_llada(), folder_);
  }
  void TearDown() override { fs::remove_all(folder_.parent_path()); }

  void edit(const char* file, const std::function<void(nlohmann::json&)>& change) {
    nlohmann::json json = read_json(folder_ / file);
    change(json);
    write_file_atomically(folder_ / file, json.dump());
  }

  fs::path folder_;
};

TEST(CheckpointGolden, LladaMatchesItsReferenceOutputs) {
  const CheckReport report = verified(tiny_llada());
  EXPECT_EQ(report.failed(), 0) << table(report);
  EXPECT_EQ(report.skipped(), 0) << table(report);
  // One comparison per stored output, and two of the bfloat16 logits: fewer would mean that outputs are passed over.
  constexpr int kForward = 1 + 5 + 7 + 4 + 2;  // logits, hidden states, inputs and outputs of linears, rotated q and k
  constexpr int kOthers = 2 + 2 + 8 * 3 + 2 * 6;  // bfloat16, left-padded, generations, likelihoods
  EXPECT_EQ(report.passed(), kForward + kOthers) << table(report);
}

TEST(CheckpointGolden, DreamMatchesItsReferenceOutputs) {
  const CheckReport report = verified(committed("dream_tiny"));
  EXPECT_EQ(report.failed(), 0) << table(report);
  EXPECT_EQ(report.skipped(), 0) << table(report);
  constexpr int kForward = 1 + 5 + 7 + 4 + 2;
  constexpr int kOthers = 2 + 2 + 3 * 3 + 4;  // bfloat16, left-padded, generations, likelihoods
  EXPECT_EQ(report.passed(), kForward + kOthers) << table(report);
}

// The tower's observed points, resized and prepared images, positions, hidden states, greedy tokens: fewer comparisons
// would mean that outputs are passed over.
TEST(CheckpointGolden, QwenVlMatchesItsReferenceOutputs) {
  const CheckReport report = verified(committed("qwen2_5_vl_tiny"));
  EXPECT_EQ(report.failed(), 0) << table(report);
  EXPECT_EQ(report.skipped(), 0) << table(report);
  constexpr int kVision = 4 + 5 + 2, kText = 3 + 4 + 6 + 4 + 2;
  constexpr int kImages = 3 * 3 + 1, kOthers = 2 + 1 + 1;  // positions of two images, a pair of images, the table
  EXPECT_EQ(report.passed(), kVision + kText + kImages + kOthers) << table(report);
}

TEST(CheckpointGolden, InternVlMatchesItsReferenceOutputs) {
  const CheckReport report = verified(committed("internvl2_5_tiny"));
  EXPECT_EQ(report.failed(), 0) << table(report);
  EXPECT_EQ(report.skipped(), 0) << table(report);
  constexpr int kVision = 1 + 3 + 2, kText = 2 + 6 + 4 + 1;
  constexpr int kImages = 3 * 2 + 2 + 1, kOthers = 4 + 1;  // the rotary table past its length, the table of tiles
  EXPECT_EQ(report.passed(), kVision + kText + kImages + kOthers) << table(report);
}

class FullSet : public testing::TestWithParam<const char*> {};

TEST_P(FullSet, BesideTheSourceTreeMatches) {
  const fs::path folder = fs::path(FREEACT_SOURCE_DIR) / "../shared/golden" / GetParam();
  if (!fs::exists(folder)) GTEST_SKIP() << "no full reference sets beside the source tree";
  const CheckReport report = verified(folder);
  EXPECT_EQ(report.failed(), 0) << table(report);
  EXPECT_EQ(report.skipped(), 0) << table(report);
  EXPECT_GT(report.passed(), 0);
}

INSTANTIATE_TEST_SUITE_P(Families, FullSet,
                         testing::Values("llada_tiny", "dream_tiny", "qwen2_5_vl_tiny", "internvl2_5_tiny"),
                         [](const auto& set) { return std::string(set.param); });

TEST(CheckpointGolden, FilterLeavesOutWholeCases) {
  const CheckReport report = verified(tiny_llada(), Filter("^llada_tiny/like"));
  EXPECT_EQ(case_names(report), (std::vector<std::string>{"llada_tiny/like.main", "llada_tiny/like.single_token"}));
  EXPECT_EQ(report.skipped(), 0);
  EXPECT_TRUE(verified(tiny_llada(), Filter("dream")).lines().empty());
}

TEST(CheckpointGolden, NamesTheFolderHoweverItIsGiven) {
  const CheckReport report = verified(tiny_llada() / "", Filter("^llada_tiny/like.single_token$"));
  EXPECT_GT(report.passed(), 0);
}

TEST_F(SpoiledSet, AWrongNormEpsIsFound) {
  edit("config.json", [](nlohmann::json& json) { json["rms_norm_eps"] = 1e-4; });
  const CheckReport report = verified(folder_, Filter("/forward$"));
  for (const CheckLine& line : report.lines()) EXPECT_EQ(line.passed, line.output == "hidden.embed") << line.output;
}

TEST_F(SpoiledSet, AWrongRopeThetaIsFound) {
  edit("config.json", [](nlohmann::json& json) { json["rope_theta"] = 10000.0; });
  EXPECT_GT(verified(folder_, Filter("/gen.full_block$")).failed(), 0);
}

TEST_F(SpoiledSet, AnUnknownFamilyFailsEveryCase) {
  edit("config.json", [](nlohmann::json& json) { json["model_type"] = "lada"; });
  const CheckReport report = verified(folder_);
  EXPECT_EQ(report.passed(), 0);
  EXPECT_EQ(report.failed(), static_cast<int>(read_json(folder_ / "io.json")["cases"].size()));
  EXPECT_NE(report.lines().front().note.find("llada"), std::string::npos) << report.lines().front().note;
}

TEST_F(SpoiledSet, AnUnknownCaseFailsAndTheOthersGoOn) {
  edit("io.json", [](nlohmann::json& json) {
    json["cases"]["gen.cfg"]["kind"] = "telepathy";
    json["cases"]["gen.uneven"]["settings"]["sorcery"] = 1;
  });
  const CheckReport report = verified(folder_, Filter("/gen"));
  EXPECT_EQ(report.failed(), 2) << table(report);
  EXPECT_EQ(report.passed(), 6 * 3) << table(report);
}

TEST_F(SpoiledSet, AnOutputNobodyUnderstandsFails) {
  TensorMap tensors = SafetensorsFile(folder_ / "io.safetensors").load_all();
  tensors["forward.hidden.thoughts"] = tensors.at("forward.hidden.embed").clone();
  write_safetensors(folder_ / "io.safetensors", tensors);
  const CheckReport report = verified(folder_, Filter("/forward$"));
  EXPECT_EQ(report.failed(), 1) << table(report);
  EXPECT_EQ(report.lines().back().output, "hidden.thoughts");
}

TEST_F(SpoiledSet, ValuesAtPadsMeanNothing) {
  TensorMap tensors = SafetensorsFile(folder_ / "io.safetensors").load_all();
  const at::Tensor pads = tensors.at("forward_left_pad.attention_mask") == 0;
  ASSERT_TRUE(pads.any().item<bool>());
  at::Tensor& logits = tensors.at("forward_left_pad.logits");
  logits = logits.masked_fill(pads.unsqueeze(-1), 1e6);
  write_safetensors(folder_ / "io.safetensors", tensors);
  const CheckReport report = verified(folder_, Filter("left_pad"));
  EXPECT_EQ(report.failed(), 0) << table(report);
}

TEST_F(SpoiledSet, ATokenizerThatCannotBeReadFailsItsGroups) {
  write_file_atomically(folder_ / "tokenizer_cases.json", R"({"note":"two groups","encode":[],"chat":[]})");
  const CheckReport report = verified(folder_, Filter("/tokenizer\\.(encode|chat)$"));
  EXPECT_EQ(report.failed(), 2) << table(report);
  EXPECT_EQ(report.passed(), 0) << table(report);
}

TEST(CheckpointFolders, AreToldFromFoldersOfQuantisationCases) {
  EXPECT_TRUE(is_checkpoint_folder(tiny_llada()));
  EXPECT_FALSE(is_checkpoint_folder(tiny_llada().parent_path()));
}

}  // namespace
}  // namespace freeact
