#include "embedded/network.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "eval/puzzles.h"
#include "model/family.h"
#include "util/random.h"

namespace freeact {
namespace {

constexpr int64_t kByteTokens = 256, kRowMultiple = 16;
constexpr int64_t kMaxLength = 64;

int64_t id_of_special(const std::string& token) {
  const auto& tokens = puzzle_special_tokens();
  return kByteTokens + (std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
}

// Normal with a deviation of 0.8 / sqrt(fan in); projections back into the residual stream further by 1 / sqrt(2 n), so
// that n blocks together add about as much as one; the embedding has unit deviation.
at::Tensor initial_value(const std::string& name, const std::vector<int64_t>& shape, int64_t layers, uint64_t seed) {
  if (shape.size() == 1) return at::ones(shape);
  const at::Tensor normal = gaussian(shape, derive_seed(seed, "init " + name)).to(at::kFloat);
  if (name.ends_with(".wte.weight")) return normal;
  const bool in_block = name.find(".blocks.") != std::string::npos;
  const bool back = in_block && (name.ends_with(".attn_out.weight") || name.ends_with(".ff_out.weight"));
  const double deviation = 0.8 / std::sqrt(static_cast<double>(shape[1]));
  return normal * (back ? deviation / std::sqrt(2.0 * static_cast<double>(layers)) : deviation);
}

}  // namespace

nlohmann::ordered_json llada_config_json(const NetworkRecipe& n) {
  const auto tokens = kByteTokens + static_cast<int64_t>(puzzle_special_tokens().size());
  const int64_t rows = (tokens + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  return {{"architectures", {"LLaDAModelLM"}},
          {"model_type", "llada"},
          {"activation_type", "silu"},
          {"alibi", false},
          {"attention_layer_norm", false},
          {"block_type", "llama"},
          {"d_model", n.width},
          {"embedding_size", rows},
          {"eos_token_id", id_of_special(kEndToken)},
          {"include_bias", false},
          {"include_qkv_bias", false},
          {"input_emb_norm", false},
          {"layer_norm_type", "rms"},
          {"layer_norm_with_affine", true},
          {"mask_token_id", id_of_special(kMaskToken)},
          {"max_sequence_length", kMaxLength},
          {"mlp_hidden_size", n.mlp_width},
          {"mlp_ratio", 4},
          {"n_heads", n.heads},
          {"n_kv_heads", n.heads},
          {"n_layers", n.layers},
          {"pad_token_id", id_of_special(kEndToken)},
          {"rms_norm_eps", n.norm_eps},
          {"rope", true},
          {"rope_full_precision", true},
          {"rope_theta", n.rope_theta},
          {"torch_dtype", "bfloat16"},
          {"vocab_size", rows},
          {"weight_tying", false}};
}

Decoder new_network(const NetworkRecipe& network, uint64_t seed) {
  const Family family = llada_family();
  Decoder decoder;
  decoder.config = family.read_config(nlohmann::json(llada_config_json(network)));
  visit_tensors(decoder, family.modules,
                [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor) {
                  tensor = initial_value(name, shape, network.layers, seed).set_requires_grad(true);
                });
  return decoder;
}

TensorMap named_tensors(Decoder& decoder) {
  TensorMap tensors;
  visit_tensors(
      decoder, llada_family().modules,
      [&](const std::string& name, const std::vector<int64_t>&, at::Tensor& tensor) { tensors[name] = tensor; });
  return tensors;
}

}  // namespace freeact
