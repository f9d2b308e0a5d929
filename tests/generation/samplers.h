// Both samplers behind one face, for tests of what they share.
#pragma once

#include <ATen/ATen.h>

#include "generation/dream_sampler.h"
#include "generation/llada_sampler.h"
#include "model/random_model.h"

namespace freeact {

constexpr int64_t kMaskId = 39;

// What the tests vary.
struct Answer {
  int64_t length = 8, block_length = 4, steps = 8;
  Acceleration acceleration = {};
  double temperature = 0;
  double cfg_scale = 0;
};

struct AnySampler {
  const char* name;
  Decoder (*model)(at::ScalarType dtype);
  at::Tensor (*generate)(const Decoder& model, const at::Tensor& prompt_BP, const at::Tensor& mask_BP,
                         const Answer& answer, uint64_t seed, const UnmaskObserver& observer,
                         DecodeStatistics* statistics);
};

inline at::Tensor generate_llada(const Decoder& model, const at::Tensor& prompt_BP, const at::Tensor& mask_BP,
                                 const Answer& a, uint64_t seed, const UnmaskObserver& observer,
                                 DecodeStatistics* statistics) {
  UnmaskSettings s;
  s.gen_length = a.length;
  s.block_length = a.block_length;
  s.steps = a.steps;
  s.acceleration = a.acceleration;
  s.temperature = a.temperature;
  s.cfg_scale = a.cfg_scale;
  return generate(model, prompt_BP, s, mask_BP, seed, observer, statistics);
}

inline at::Tensor generate_dream(const Decoder& model, const at::Tensor& prompt_BP, const at::Tensor& mask_BP,
                                 const Answer& a, uint64_t seed, const UnmaskObserver& observer,
                                 DecodeStatistics* statistics) {
  DiffusionSettings s;
  s.max_new_tokens = a.length;
  s.block_length = a.block_length;
  s.steps = a.steps;
  s.alg = "maskgit_plus";
  s.acceleration = a.acceleration;
  s.temperature = a.temperature;
  return generate(model, prompt_BP, s, mask_BP, seed, observer, statistics);
}

inline const AnySampler kLlada = {"llada", random_llada, generate_llada};
inline const AnySampler kDream = {"dream", random_dream, generate_dream};

// As trained models do, it predicts a mask hardly ever, and is sure of some tokens and not of others.
inline Decoder trained_looking(Decoder model) {
  model.head.weight = model.head.weight * 4;
  model.head.weight[kMaskId].fill_(0);
  return model;
}

}  // namespace freeact
