// A small random decoder of the LLaDA family with outlier channels, for tests.
#pragma once

#include <ATen/ATen.h>

#include "model/family.h"

namespace freeact {

inline Decoder tiny_decoder(int64_t width = 24, int64_t heads = 4, int64_t kv_heads = 2, int64_t mlp_width = 40) {
  at::manual_seed(0);
  DecoderConfig config;
  config.family = "llada";
  config.width = width;
  config.num_heads = heads;
  config.num_kv_heads = kv_heads;
  config.head_width = width / heads;
  config.num_layers = 2;
  config.mlp_width = mlp_width;
  config.vocabulary_rows = 32;
  config.mask_id = 31;
  config.eos_id = 30;
  Decoder decoder;
  decoder.config = config;
  visit_tensors(decoder, llada_family().modules,
                [](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor) {
                  const bool norm = shape.size() == 1;
                  tensor = norm ? at::ones(shape) + 0.1 * at::randn(shape)
                                : at::randn(shape) / std::sqrt(static_cast<double>(shape[1]));
                  if (norm) tensor[3] = 8.0;
                  if (name.find("wte") != std::string::npos) tensor = at::randn(shape);
                });
  return decoder;
}

// Batches of ids [2, 6], about half of them masks.
inline std::vector<TokenBatch> tiny_batches(int64_t count) {
  std::vector<TokenBatch> batches;
  at::manual_seed(1);
  for (int64_t i = 0; i < count; ++i) {
    const at::Tensor ids = at::randint(0, 30, {2, 6}, at::kLong);
    batches.emplace_back(ids.masked_fill(at::rand({2, 6}) < 0.5, 31));
  }
  return batches;
}

}  // namespace freeact
