// A random Llama of two blocks with a byte tokenizer, and a recipe that adapts it in a second.
#pragma once

#include <fstream>

#include "checkpoint/safetensors.h"
#include "embedded/adapter_recipe.h"
#include "fixtures.h"
#include "model/family.h"
#include "ops/ops.h"
#include "tokenizer/byte_level_writer.h"
#include "util/files.h"
#include "util/random.h"

namespace freeact {

inline void write_tiny_llama(const std::filesystem::path& folder) {
  const nlohmann::json config = {{"model_type", "llama"},    {"hidden_size", 32},
                                 {"num_attention_heads", 4}, {"num_key_value_heads", 2},
                                 {"num_hidden_layers", 2},   {"intermediate_size", 48},
                                 {"vocab_size", 258},        {"rms_norm_eps", 1e-5},
                                 {"rope_theta", 100000.0},   {"tie_word_embeddings", true},
                                 {"eos_token_id", 257},      {"bos_token_id", 256},
                                 {"hidden_act", "silu"},     {"max_position_embeddings", 64}};
  write_file_atomically(folder / "config.json", config.dump());
  TensorMap tensors;
  for (const TensorSpec& spec : expected_tensors(llama_family().read_config(config), llama_family().modules)) {
    const at::Tensor normal = gaussian(spec.shape, derive_seed(1, spec.name)) / 6;
    tensors[spec.name] = (spec.shape.size() == 1 ? normal + 1 : normal).to(at::kFloat);
  }
  write_safetensors(folder / "model.safetensors", tensors);
  write_byte_level_tokenizer(folder, {"<|endoftext|>", "<|im_end|>"}, {{"eos_token", "<|im_end|>"}});
}

inline AdapterRecipe tiny_adapter_recipe(const std::filesystem::path& folder) {
  write_tiny_llama(folder / "base");
  std::ofstream text(folder / "text.txt");
  for (int i = 0; i < 200; ++i) text << "Line " << i << " of a text that repeats itself.\n";
  AdapterRecipe recipe;
  recipe.name = "tiny";
  recipe.base = folder / "base";
  recipe.seed = 5;
  recipe.precision = "float32";
  recipe.rank = 2;
  recipe.row_tokens = 32;
  recipe.puzzles = {{"sort_digits", 2}, {"arithmetic", 3}};
  recipe.texts = {{folder / "text.txt", "", 2}};
  recipe.schedule.steps = 9;
  recipe.schedule.save_every = 2;
  recipe.schedule.evaluate_every = 4;
  recipe.evaluated_items = 2;
  recipe.schedule.warm_up_steps = 2;
  return recipe;
}

}  // namespace freeact
