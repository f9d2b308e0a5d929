// A byte tokenizer and a model whose prediction for a masked token is one known distribution, wherever it stands.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "eval/puzzles.h"
#include "model/decoder.h"
#include "tokenizer/byte_level_writer.h"

namespace freeact {

// An empty folder of the running test's own.
inline std::filesystem::path test_folder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "freeact_eval" / test->test_suite_name() / test->name();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

inline Tokenizer byte_tokenizer(const std::filesystem::path& folder) {
  write_byte_level_tokenizer(folder, puzzle_special_tokens());
  return Tokenizer::load(folder);
}

inline SequenceIds special_ids(const Tokenizer& tokenizer) {
  return {*tokenizer.id_of(kMaskToken), *tokenizer.id_of(kEndToken)};
}

inline Layout layout_of(const std::string& text, const std::string& blank = "", int64_t length = 0) {
  return {.text = text, .blank = blank, .length = length};
}

// No blocks, width 1: every embedding is 1, which the norm leaves alone, so the logits are the head's column: the
// logarithms of `probabilities`, next to nothing for all other tokens.
inline Decoder constant_model(const Tokenizer& tokenizer, const std::map<std::string, double>& probabilities) {
  Decoder model;
  model.config.width = 1;
  model.config.head_width = 2;
  model.config.norm_eps = 0;
  model.config.vocabulary_rows = tokenizer.size();
  model.config.sampler = "llada";
  model.config.mask_id = special_ids(tokenizer).mask;
  model.config.eos_id = model.config.pad_id = special_ids(tokenizer).end;
  model.embedding = at::ones({tokenizer.size(), 1});
  model.final_norm = at::ones({1});
  model.head.weight = at::full({tokenizer.size(), 1}, -100.0);
  for (const auto& [token, p] : probabilities) model.head.weight[*tokenizer.id_of(token)][0] = std::log(p);
  return model;
}

}  // namespace freeact
