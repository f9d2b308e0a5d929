// A random model that sees images, written as a checkpoint folder: InternViT of one block in front of a Llama of two,
// tiles of 28 pixels and 4 tokens, a byte tokenizer. And data sets of drawn pictures for it.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <fstream>

#include "../model/random_model.h"
#include "../model/sharded_checkpoint.h"
#include "model/vision_tower.h"
#include "tokenizer/byte_level_writer.h"
#include "util/random.h"

namespace freeact {

inline const std::vector<std::string>& chat_tokens() {
  static const std::vector<std::string> tokens = {"<s>",           "<|endoftext|>", "<|im_start|>", "<|im_end|>",
                                                  "<IMG_CONTEXT>", "<img>",         "</img>"};
  return tokens;
}

inline nlohmann::json tiny_vision_config() {
  nlohmann::json language = llama_config();
  language["vocab_size"] = 256 + chat_tokens().size();
  language["eos_token_id"] = 257;
  const nlohmann::json vision = {{"hidden_size", 16},       {"num_attention_heads", 2},  {"num_hidden_layers", 1},
                                 {"intermediate_size", 24}, {"image_size", 28},          {"patch_size", 7},
                                 {"layer_norm_eps", 1e-6},  {"qkv_bias", true},          {"num_channels", 3},
                                 {"hidden_act", "gelu"},    {"norm_type", "layer_norm"}, {"qk_normalization", false}};
  return {
      {"model_type", "internvl_chat"}, {"template", "internvl2_5"}, {"llm_config", language}, {"vision_config", vision},
      {"force_image_size", 28},        {"downsample_ratio", 0.5},   {"ps_version", "v2"},     {"select_layer", -1},
      {"dynamic_image_size", false},   {"use_thumbnail", false},    {"min_dynamic_patch", 1}, {"max_dynamic_patch", 1}};
}

inline void write_tiny_vision(const std::filesystem::path& folder) {
  const nlohmann::json config = tiny_vision_config();
  const Family family = internvl_llama_family();
  std::vector<TensorSpec> table = expected_tensors(family.read_config(config), family.modules);
  intern_vit(config)->visit_tensors([&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor&) {
    table.push_back({name, shape});
  });
  TensorMap tensors;
  for (const auto& [name, tensor] : random_tensors(table)) tensors[name] = tensor;
  write_checkpoint(folder, config, tensors, 1);
  write_byte_level_tokenizer(folder, chat_tokens(), {{"bos_token", "<s>"}, {"eos_token", "<|endoftext|>"}});
}

inline void write_items(const std::filesystem::path& file, const std::vector<std::string>& lines) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream text(file);
  for (const auto& line : lines) text << line << '\n';
}

// A circle of one of three colours on white; "red" is the most frequent answer by far.
inline std::string circle_item(size_t i) {
  const char* colour = i % 4 == 1 ? "blue" : i % 8 == 2 ? "green" : "red";
  return fmt::format(
      R"({{"input": "Which colour?", "answer": "{0}", "images": ["draw:28x28 white; circle {0} 14 {1} {2}"]}})", colour,
      10 + i / 9, 4 + i % 9);
}

// test: 16 items, of which 10 are red; calibration: 24.
inline void write_circles(const std::filesystem::path& folder) {
  write_items(folder / "layout.json", {R"({"text": "{input}{answer}"})"});
  std::vector<std::string> test, calibration;
  for (size_t i = 0; i < 16; ++i) test.push_back(circle_item(i));
  for (size_t i = 0; i < 24; ++i) calibration.push_back(circle_item(i + 16));
  write_items(folder / "test.jsonl", test);
  write_items(folder / "calibration.jsonl", calibration);
}

}  // namespace freeact
