// What is compared between a device and the CPU: models of every family and what they read, and calibrations. For tests
// on the fake accelerator and on a GPU alike.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "app/methods.h"
#include "calibration/tiny_decoder.h"
#include "model/multi_axis_positions.h"
#include "model/on_device.h"
#include "model/random_model.h"
#include "ops/ops.h"

namespace freeact {

struct ModelCase {
  std::string name;
  Decoder model;
};

inline Decoder random_llama() {
  const Family family = llama_family();
  return random_decoder(family.read_config(llama_config()), family.modules);
}

// A checkpoint in the published form of every family, whose image token is made up where the tokenizer would tell it.
inline std::vector<ModelCase> every_family() {
  std::vector<ModelCase> cases = {{"llama", random_llama()}};
  for (const char* set : {"llada_tiny", "dream_tiny", "qwen2_5_vl_tiny", "internvl2_5_tiny"}) {
    const auto folder = std::filesystem::path(FREEACT_SOURCE_DIR) / "tests/golden/data" / set;
    Decoder model = load_decoder(CheckpointFolder(folder), "", at::kFloat);
    if (model.config.token_types[1] == "vision" && model.config.feature_id < 0)
      model.config.feature_id = model.config.vocabulary_rows - 1;
    cases.push_back({set, model});
  }
  return cases;
}

// A sequence with masks or a picture of 2 x 3 tokens, whichever the model knows.
inline TokenBatch sequence_for(const Decoder& model, uint64_t seed = 3) {
  const DecoderConfig& c = model.config;
  const at::Tensor draw_T = gaussian({12}, seed).abs();
  at::Tensor ids_T = (draw_T * 1000).to(at::kLong).remainder(std::min<int64_t>(c.vocabulary_rows, 400));
  if (c.mask_id >= 0) ids_T.masked_fill_(draw_T < 0.6, c.mask_id);
  if (c.feature_id < 0) return ids_T.unsqueeze(0);
  ids_T.slice(0, 2, 8).fill_(c.feature_id);
  const at::Tensor features_ND = gaussian({6, c.width}, seed + 1).to(at::kFloat);
  const at::Tensor ids_BT = ids_T.unsqueeze(0), grid = at::tensor({2, 3}, at::kLong).unsqueeze(0);
  return {ids_BT, features_ND, prompt_positions(c, ids_BT, grid)};
}

// Largest difference of the logits, relative to the largest of the CPU's.
inline double relative_difference(const at::Tensor& on_device, const at::Tensor& on_cpu) {
  return ((on_device.cpu() - on_cpu).abs().max() / on_cpu.abs().max()).item<double>();
}

// ---- calibrations

struct MethodCase {
  std::string name, method;
  Json settings;
  QuantSpec spec;
};
inline void PrintTo(const MethodCase& c, std::ostream* out) {
  *out << c.name;
}

inline std::vector<MethodCase> every_method() {
  const Grid four = {4, true}, groups = {4, true, 8}, asymmetric = {4, false}, none = {16, true};
  const QuantSpec plain = {four, four, none, none}, with_kv = {four, four, asymmetric, asymmetric};
  const Json quick = {{"epochs", 2}, {"batch_size", 2}};
  const auto over = [&](Json settings) {
    settings.update(quick);
    return settings;
  };
  const Json search = {{"w_clip", "searched"}, {"a_clip", "searched"}};
  const Json gptq = {{"w_rounding", "gptq"}, {"gptq_act_order", true}};
  const Json learned = {{"w_clip", "learned"}, {"a_clip", "learned"}, {"clip_epochs", 2}};
  return {{"rtn", "rtn", Json::object(), with_kv},
          {"rtn_groups", "rtn", Json::object(), {groups, groups, none, none}},
          {"rtn_gptq", "rtn", gptq, plain},
          {"rtn_gptq_groups", "rtn", gptq, {groups, four, none, none}},
          {"rtn_searched", "rtn", search, plain},
          {"rtn_learned", "rtn", learned, {four, asymmetric, none, none}},
          {"smoothquant", "smoothquant", Json::object(), plain},
          {"quarot", "quarot", Json::object(), with_kv},
          {"wush", "wush", Json::object(), plain},
          {"wush_full", "wush", {{"form", "full"}}, plain},
          {"flatquant", "flatquant", quick, with_kv},
          {"flatquant_inverse", "flatquant", over({{"parametrisation", "inv"}, {"start", "wush"}}), plain},
          {"flatquant_bfloat16", "flatquant", over({{"precision", "bfloat16"}}), plain},
          {"flatquant_searched", "flatquant", over(search), plain},
          {"freeact", "freeact", quick, with_kv},
          {"freeact_low_energy", "freeact", over({{"exclusive_start", "low_energy"}, {"lac_per_type", true}}), plain},
          {"freeact_plus", "freeact_plus", quick, plain},
          {"freeact_plus_drop", "freeact_plus",
           over({{"branch", "drop"}, {"branch_directions", "weight_aware"}, {"start", "wush"}}), plain}};
}

// 8 bits: roundings of another order move few codes, and each by little.
inline QuantSpec with_bits(const QuantSpec& spec, int bits) {
  QuantSpec changed = spec;
  for (Grid* grid : {&changed.weight, &changed.activation, &changed.key, &changed.value})
    if (!grid->is_float()) grid->bits = bits;
  return changed;
}

// As a cell of a run does it: the model and all batches lie in host memory, the blocks are calibrated on the device.
inline DriverResult calibrate_on(at::Device device, const MethodCase& c, const Decoder& model = tiny_decoder(),
                                 const std::vector<TokenBatch>& data = tiny_batches(6),
                                 const std::filesystem::path& progress = {}) {
  const auto method = find_method(method_table(), c.method).make(c.settings, {c.spec, 5, device});
  DriverJob job;
  job.device = device;
  job.progress_folder = progress;
  job.calibration = {data.begin(), data.end() - 2};
  job.held_out = {data.end() - 2, data.end()};
  Decoder prepared = model;
  {
    const at::NoGradGuard no_grad;
    method->prepare(prepared, job.calibration);
  }
  job.calibrate = [&](const Block& block, const std::vector<BlockBatch>& batches) {
    return method->calibrate(block, batches, prepared.config);
  };
  return calibrate_model(prepared, job);
}

// Calibrations at 8 bits on a device against the CPU: relative difference of the mean error of the sites, and of
// logits. Sums of another order give 1e-6 where no code moves and some 1e-3 where one does. Training that goes through
// Cayley maps multiplies the roundings of its gradients, which the CPU's fused paths make in an order of their own.
// Measured on the fake accelerator: 8e-7 and 5e-7 without, 0.024 and 0.038 with training.
struct MethodTolerance {
  double error, logits;
};
inline MethodTolerance tolerance_of(const MethodCase& c) {
  const bool trains = c.method == "flatquant" || c.method.starts_with("freeact");
  return trains ? MethodTolerance{0.05, 0.1} : MethodTolerance{2e-3, 2e-3};
}

inline double mean_error(const DriverResult& result) {
  double sum = 0;
  for (const SiteError& error : result.errors) sum += error.relative_error;
  return sum / static_cast<double>(result.errors.size());
}

}  // namespace freeact
