// Tiny models with random weights, for tests that need no published outputs.
#pragma once

#include <ATen/ATen.h>

#include <map>

#include "model/family.h"
#include "ops/ops.h"

namespace freeact {

inline nlohmann::json llada_config() {
  return {{"model_type", "llada"}, {"d_model", 32},        {"n_heads", 4},          {"n_kv_heads", 2},
          {"n_layers", 2},         {"vocab_size", 40},     {"embedding_size", 48},  {"mlp_hidden_size", 56},
          {"mlp_ratio", 4},        {"rms_norm_eps", 1e-5}, {"rope_theta", 10000.0}, {"mask_token_id", 39},
          {"eos_token_id", 38}};
}

inline nlohmann::json llama_config() {
  return {{"model_type", "llama"},  {"hidden_size", 32},       {"num_attention_heads", 4}, {"num_key_value_heads", 2},
          {"num_hidden_layers", 2}, {"intermediate_size", 56}, {"vocab_size", 48},         {"rms_norm_eps", 1e-5}};
}

inline nlohmann::json dream_config() {
  return {{"model_type", "Dream"},    {"hidden_size", 32},      {"num_attention_heads", 4},
          {"num_key_value_heads", 2}, {"num_hidden_layers", 2}, {"intermediate_size", 56},
          {"vocab_size", 48},         {"rms_norm_eps", 1e-6},   {"rope_theta", 1e6},
          {"mask_token_id", 39},      {"bos_token_id", 38},     {"eos_token_id", 38},
          {"sliding_window", 4},      {"use_cache", true},      {"tie_word_embeddings", false}};
}

// Random tensors for every entry of a tensor table, scaled to keep activations near 1.
inline std::map<std::string, at::Tensor> random_tensors(const std::vector<TensorSpec>& table, uint64_t seed = 1) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& spec : table) tensors[spec.name] = (gaussian(spec.shape, seed++) * 0.3).to(at::kFloat);
  return tensors;
}

inline Decoder random_decoder(const DecoderConfig& config, const ModuleNames& modules,
                              at::ScalarType dtype = at::kFloat) {
  const auto tensors = random_tensors(expected_tensors(config, modules));
  return build_decoder(
      config, modules, [&](const std::string& name) { return tensors.at(name); }, dtype);
}

inline Decoder random_llada(at::ScalarType dtype = at::kFloat) {
  const Family family = llada_family();
  return random_decoder(family.read_config(llada_config()), family.modules, dtype);
}

inline Decoder random_dream(at::ScalarType dtype = at::kFloat) {
  const Family family = dream_family();
  return random_decoder(family.read_config(dream_config()), family.modules, dtype);
}

}  // namespace freeact
