// Prompts with images, from pixels to logits. Letters: A rotary axes, S prompt, D width, K head width.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <map>
#include <regex>

#include "generation/greedy.h"
#include "model/multi_axis_positions.h"
#include "prompt/image_processor.h"
#include "util/error.h"
#include "verify/family_cases.h"
#include "verify/image_cases.h"

namespace freeact {
namespace {

// The sets' own bounds: of angles, cosines and sines, and of everything else relative to the largest value.
const Tolerance kRotary = Tolerance::all_close(0, 2e-6);

Tolerance relative_to_largest(const at::Tensor& stored) {
  return Tolerance::all_close(0, 2e-5 * std::max(1.0, stored.abs().max().item<double>()));
}

// Integers exactly; the same numbers in another shape or integer type are the same.
void compare_numbers(ReferenceCase& reference, const std::string& role, const at::Tensor& ours) {
  const at::Tensor stored = reference.reference(role);
  if (!stored.defined()) return;
  const bool fits = ours.numel() == stored.numel();
  reference.add(compare(reference.title(), role, fits ? ours.reshape_as(stored).to(stored.scalar_type()) : ours, stored,
                        Tolerance::exact()));
}

void compare_floats(ReferenceCase& reference, const std::string& role, const at::Tensor& ours) {
  const at::Tensor stored = reference.reference(role);
  if (!stored.defined()) return;
  if (!stored.is_floating_point()) return compare_numbers(reference, role, ours);
  const bool fits = ours.numel() == stored.numel();
  const bool rotary = role.find("rotary") != std::string::npos || role.find("cos") != std::string::npos ||
                      role.find("sin") != std::string::npos;
  reference.add(compare(reference.title(), role, fits ? ours.reshape_as(stored) : ours, stored,
                        rotary ? kRotary : relative_to_largest(stored)));
}

std::vector<at::Tensor> stored_pixels(ReferenceSet& set, const nlohmann::json& names) {
  std::vector<at::Tensor> images;
  for (const auto& name : names) images.push_back(set.tensors().tensor("image." + name.get<std::string>() + ".rgb"));
  return images;
}

// Undefined input when there are no images.
PreparedImages prepared_images(ReferenceSet& set, const nlohmann::json& names, ChatFamily family) {
  if (names.empty()) return {{}, {}, at::empty({0, 2}, at::kLong)};
  return load_image_processor(family, set.folder())->prepare(stored_pixels(set, names));
}

at::Tensor checked_features(ReferenceCase& reference, const PreparedImages& images) {
  if (images.num_tokens.empty()) return {};
  const Observer observer = [&](const std::string& point, const at::Tensor& value) {
    compare_floats(reference, "vision." + point, value);
  };
  return reference.set().vision().features(images.input, &observer);
}

void compare_rope(ReferenceCase& reference, const Decoder& model, const TokenBatch& batch) {
  const RopeTable chosen = model.context(batch).rope;
  compare_floats(reference, "rope.cos_selected", chosen.cos);
  compare_floats(reference, "rope.sin_selected", chosen.sin);
  if (!batch.positions_ABT.defined()) return;
  const RopeTable axes = rope_table(batch.positions_ABT.squeeze(1), model.config.head_width, model.config.rope_theta);
  compare_floats(reference, "rope.cos", axes.cos);
  compare_floats(reference, "rope.sin", axes.sin);
}

// "block0.attention.qkv.input" as "block0.self_attn.q_proj.input" and the like.
std::map<std::string, std::string> stored_names(const ModuleNames& m, int64_t num_layers) {
  std::map<std::string, std::string> names = {{"embed", "inputs_embeds"}, {"final_norm", "final_norm"}};
  const std::array<const std::string*, kNumSites> first = {m.fused_qkv.empty() ? &m.query : &m.fused_qkv,
                                                           &m.attention_output, &m.gate, &m.down};
  for (int64_t i = 0; i < num_layers; ++i) {
    names[fmt::format("block{}", i)] = fmt::format("block.{}", i);
    for (size_t site = 0; site < first.size(); ++site)
      names[fmt::format("block{}.{}.input", i, kSiteNames[site])] =
          fmt::format("block{}.{}.input", i, first[site]->substr(first[site]->find("{}.") + 3));
  }
  return names;
}

void compare_forward(ReferenceCase& reference, const Decoder& model, const TokenBatch& batch) {
  const auto names = stored_names(reference.set().family().modules, model.config.num_layers);
  const Observer observer = [&](const std::string& point, const at::Tensor& value) {
    if (const auto name = names.find(point); name != names.end()) compare_floats(reference, name->second, value);
  };
  ForwardContext context = model.context(batch);
  context.observer = &observer;
  const int64_t first = reference.settings().value("logits_first_position", int64_t{0});
  compare_floats(reference, "logits", model.logits(batch, context).slice(1, first));
  compare_numbers(reference, "vision_mask", context.types_BT);
}

// "generated", and "generated_rp1.05" with that repetition penalty.
void compare_answers(ReferenceCase& reference, const Decoder& model, const TokenBatch& batch) {
  static const std::regex pattern(R"(generated(_rp(\d+(\.\d+)?))?)");
  for (const auto& role : reference.roles()) {
    std::smatch match;
    if (!std::regex_match(role, match, pattern)) continue;
    GreedySettings settings;
    settings.max_new_tokens = reference.input(role).numel();
    if (match[2].matched) settings.repetition_penalty = std::stod(match[2]);
    compare_numbers(reference, role, at::tensor(generate_greedy(model, batch, settings), at::kLong));
  }
}

void check_prompt(ReferenceCase& reference, ChatFamily family) {
  const at::NoGradGuard no_grad;
  const Decoder& model = reference.set().model(at::kFloat);
  const PreparedImages images = prepared_images(reference.set(), reference.settings().at("images"), family);
  TokenBatch batch = reference.input("input_ids");
  batch.features_ND = checked_features(reference, images);
  batch.positions_ABT = prompt_positions(model.config, batch.ids_BT, images.merged_grids);
  const at::Tensor positions =
      batch.positions_ABT.defined() ? batch.positions_ABT : at::arange(batch.length()).unsqueeze(0);
  compare_numbers(reference, "position_ids", positions);
  compare_numbers(reference, "rope_deltas", positions.max() + 1 - batch.length());
  compare_rope(reference, model, batch);
  compare_forward(reference, model, batch);
  compare_answers(reference, model, batch);
}

}  // namespace

void check_qwen_prompt(ReferenceCase& reference) {
  check_prompt(reference, ChatFamily::kQwenVl);
}

void check_internvl_prompt(ReferenceCase& reference) {
  check_prompt(reference, ChatFamily::kInternVl);
}

void check_rope_index(ReferenceCase& reference) {
  const std::string prompt = reference.name().substr(reference.name().find('.') + 1);
  const auto& names = reference.set().description().at("rope_index").at(prompt).at("images");
  const PreparedImages images = prepared_images(reference.set(), names, ChatFamily::kQwenVl);
  const at::Tensor ids_1S = reference.input("input_ids");
  const at::Tensor positions = prompt_positions(reference.set().model(at::kFloat).config, ids_1S, images.merged_grids);
  compare_numbers(reference, "position_ids", positions);
  compare_numbers(reference, "rope_deltas", positions.max() + 1 - ids_1S.size(1));
}

void check_vision_pair(ReferenceCase& reference) {
  const at::NoGradGuard no_grad;
  ReferenceSet& set = reference.set();
  const auto images = prepared_images(set, set.description().at(reference.name()), ChatFamily::kQwenVl);
  compare_floats(reference, "features", set.vision().features(images.input));
}

// cos_N and sin_N: tables of N positions. The description of the cosines says which model they are of.
void check_rope_dynamic(ReferenceCase& reference) {
  static const std::regex pattern(R"(max_position_embeddings=(\d+), factor ([\d.]+))");
  const auto& tensors = reference.set().description().at("tensors");
  for (const auto& role : reference.roles()) {
    if (!role.starts_with("cos_")) continue;
    const std::string description = tensors.at(reference.name() + "." + role).at("description");
    std::smatch match;
    if (!std::regex_search(description, match, pattern))
      throw UserError("'{}' does not say its max_position_embeddings and factor", role);
    Decoder model = reference.set().model(at::kFloat);
    model.config.max_positions = std::stoll(match[1]);
    model.config.dynamic_rope_factor = std::stod(match[2]);
    const RopeTable rope = model.context(at::zeros({1, reference.input(role).size(0)}, at::kLong)).rope;
    compare_floats(reference, role, rope.cos);
    compare_floats(reference, "sin_" + role.substr(4), rope.sin);
  }
}

}  // namespace freeact
