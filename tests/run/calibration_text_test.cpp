// Calibration on running text.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "run/calibration_data.h"
#include "tokenizer/byte_level_writer.h"
#include "util/error.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::ThrowsMessage;

// The text is 10000 characters "0000 0001 ...": five characters, and as many tokens, a number.
class CalibrationText : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "freeact_calibration_text" /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(folder_);
    std::ofstream file(folder_ / "numbers.txt");
    for (int i = 0; i < 2000; ++i) file << fmt::format("{:04} ", i);
    file.close();
    write_byte_level_tokenizer(folder_, {"<|mask|>"});
    config_.dataset = "numbers.txt";
    config_.num_samples = 4;
    config_.sequence_length = 5;
  }

  CalibrationSequences draw(uint64_t seed) {
    return draw_calibration(config_, folder_, model_, Tokenizer::load(folder_), seed);
  }
  std::string text(const at::Tensor& ids) {
    const at::Tensor flat = ids.contiguous();
    const auto* begin = flat.const_data_ptr<int64_t>();
    return Tokenizer::load(folder_).decode(std::vector<int64_t>(begin, begin + flat.numel()));
  }
  std::vector<std::string> texts(const std::vector<TokenBatch>& sequences) {
    std::vector<std::string> all;
    for (const auto& sequence : sequences) all.push_back(text(sequence.ids_BT));
    return all;
  }

  fs::path folder_;
  CalibrationConfig config_;
  Decoder model_;
};

TEST_F(CalibrationText, StrideFixesWhereSequencesBegin) {
  config_.stride = 1000;
  const auto drawn = draw(1);
  EXPECT_THAT(texts(drawn.calibration), testing::ElementsAre("0000 ", "0200 ", "0400 ", "0600 "));
  EXPECT_THAT(texts(drawn.held_out), testing::ElementsAre("0100 ", "0300 ", "0500 ", "0700 "));
}

TEST_F(CalibrationText, WithoutStrideTheSeedDrawsTheStart) {
  EXPECT_EQ(texts(draw(1).calibration), texts(draw(1).calibration));
  EXPECT_NE(texts(draw(1).calibration), texts(draw(2).calibration));
  config_.sequence_length = 10;  // holds one whole number, wherever it begins
  std::set<std::string> all;
  for (const auto& sequences : {draw(1).calibration, draw(1).held_out})
    for (const auto& part : texts(sequences)) all.insert(part);
  EXPECT_EQ(all.size(), 8u) << "no stretch is both learnt from and held out";
}

TEST_F(CalibrationText, DiffusionModelsSeeItMasked) {
  model_.config.mask_id = 256;
  config_.mask_ratio_min = config_.mask_ratio_max = 0.4;
  for (const auto& drawn : draw(1).calibration)
    EXPECT_EQ((drawn.ids_BT == model_.config.mask_id).sum().item<int64_t>(), 2);
}

TEST_F(CalibrationText, MaskRatiosAreStratifiedAndTheFirstTokenIsShown) {
  model_.config.mask_id = 256;
  config_.num_samples = 10;
  config_.sequence_length = 101;
  const auto drawn = draw(1);
  for (const auto& sequences : {drawn.calibration, drawn.held_out}) {
    std::vector<double> ratios;
    for (const auto& sequence : sequences) {
      const at::Tensor ids = sequence.ids_BT[0];
      EXPECT_NE(ids[0].item<int64_t>(), model_.config.mask_id);
      ratios.push_back((ids == model_.config.mask_id).sum().item<double>() / 100);
    }
    EXPECT_FALSE(std::is_sorted(ratios.begin(), ratios.end())) << "the ratio follows the place in the text";
    std::sort(ratios.begin(), ratios.end());
    for (size_t i = 0; i < ratios.size(); ++i) EXPECT_NEAR(ratios[i], 0.1 * static_cast<double>(i) + 0.05, 0.0551) << i;
  }
}

TEST_F(CalibrationText, WhatDoesNotFitIsRefused) {
  config_.num_samples = 100'000;
  EXPECT_THAT([&] { draw(1); }, ThrowsMessage<UserError>(HasSubstr("calibration.num_samples")));
  config_.num_samples = 4;
  config_.sequence_length = 0;
  EXPECT_THAT([&] { draw(1); }, ThrowsMessage<UserError>(HasSubstr("calibration.sequence_length")));
}

// Half of the sequences are puzzles, and each half has its own strata.
TEST_F(CalibrationText, StandsBesideADataSet) {
  const fs::path puzzles = folder_ / "puzzles";
  fs::create_directories(puzzles);
  std::ofstream(puzzles / "layout.json") << R"({"text": "{input}={answer}", "blank": "", "length": 0})";
  std::ofstream items(puzzles / "calibration.jsonl");
  for (int i = 0; i < 8; ++i) items << fmt::format(R"({{"input": "{0}", "answer": "{0}{0}{0}{0}"}})", i) << '\n';
  items.close();
  model_.config.mask_id = 256;
  model_.config.eos_id = 0;
  config_.dataset = "puzzles";
  config_.text = "numbers.txt";
  const auto drawn = draw(1);
  ASSERT_EQ(drawn.calibration.size(), 4u);
  EXPECT_EQ(drawn.calibration[0].length(), 6);
  EXPECT_EQ(drawn.calibration[3].length(), 5);
  EXPECT_EQ(drawn.held_out.size(), 4u);
  EXPECT_NE(calibration_data_hash(config_, folder_), sha256_file(folder_ / "numbers.txt"));
}

TEST_F(CalibrationText, TheHashIsThatOfTheFile) {
  EXPECT_EQ(calibration_data_hash(config_, folder_), sha256_file(folder_ / "numbers.txt"));
}

}  // namespace
}  // namespace freeact
