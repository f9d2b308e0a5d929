#include "model/token_type_rule.h"

#include <ATen/ATen.h>

#include "model/decoder.h"
#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

constexpr auto kSystem = static_cast<int64_t>(TokenRole::kSystem),
               kQuestion = static_cast<int64_t>(TokenRole::kQuestion),
               kAnswer = static_cast<int64_t>(TokenRole::kAnswer);

at::Tensor has_role(const TokenBatch& batch, int64_t role) {
  return batch.roles_BT.defined() ? batch.roles_BT == role : at::zeros_like(batch.ids_BT, at::kBool);
}

at::Tensor family_types(const TokenBatch& batch, const DecoderConfig& c) {
  return (batch.ids_BT == (c.feature_id >= 0 ? c.feature_id : c.mask_id)).to(at::kLong);
}

// 0 prompt, 1 generated, 2 mask.
at::Tensor prompt_generated_mask(const TokenBatch& batch, const DecoderConfig& c) {
  return has_role(batch, kAnswer).to(at::kLong).masked_fill(batch.ids_BT == c.mask_id, 2);
}

// 0 visible, 1 early mask, 2 late mask. The noise level of a sequence is the share of its answer that is masked.
at::Tensor early_late_mask(const TokenBatch& batch, const DecoderConfig& c, double late_share) {
  const at::Tensor mask_BT = batch.ids_BT == c.mask_id;
  const at::Tensor answer_BT = batch.roles_BT.defined() ? has_role(batch, kAnswer) : at::ones_like(mask_BT);
  const at::Tensor masks_B = at::logical_and(mask_BT, answer_BT).sum(-1).to(at::kDouble);
  const at::Tensor late_B = masks_B < late_share * answer_BT.sum(-1).to(at::kDouble);
  return mask_BT.to(at::kLong) * (1 + late_B.to(at::kLong)).unsqueeze(-1);
}

// 0 text, then vision where the model sees images, then system and answer.
at::Tensor text_vision_system_answer(const TokenBatch& batch, const DecoderConfig& c) {
  const bool sees = c.feature_id >= 0;
  const int64_t system = sees ? 2 : 1;
  at::Tensor types_BT = has_role(batch, kSystem).to(at::kLong) * system;
  types_BT = types_BT.masked_fill(has_role(batch, kAnswer), system + 1);
  return sees ? types_BT.masked_fill(batch.ids_BT == c.feature_id, 1) : types_BT;
}

std::vector<std::string> type_names(TypeScheme scheme, const DecoderConfig& c) {
  switch (scheme) {
    case TypeScheme::kFamily:
      return c.token_types;
    case TypeScheme::kOne:
      return {"token"};
    case TypeScheme::kPromptGeneratedMask:
      return {"prompt", "generated", "mask"};
    case TypeScheme::kEarlyLateMask:
      return {"visible", "early_mask", "late_mask"};
    case TypeScheme::kTextVisionSystemAnswer:
      if (c.feature_id < 0) return {"text", "system", "answer"};
      return {"text", "vision", "system", "answer"};
  }
  throw Defect("token-type scheme without names");
}

std::string name_of(TypeScheme scheme) {
  return type_scheme_names()[static_cast<size_t>(scheme)];
}

}  // namespace

at::Tensor TokenTypeRule::types(const TokenBatch& batch, const DecoderConfig& config) const {
  switch (scheme) {
    case TypeScheme::kFamily:
      return family_types(batch, config);
    case TypeScheme::kOne:
      return at::zeros_like(batch.ids_BT, at::kLong);
    case TypeScheme::kPromptGeneratedMask:
      return prompt_generated_mask(batch, config);
    case TypeScheme::kEarlyLateMask:
      return early_late_mask(batch, config, late_mask_share);
    case TypeScheme::kTextVisionSystemAnswer:
      return text_vision_system_answer(batch, config);
  }
  throw Defect("token-type scheme without types");
}

const std::vector<std::string>& type_scheme_names() {
  static const std::vector<std::string> names = {"family", "one", "prompt_generated_mask", "early_late_mask",
                                                 "text_vision_system_answer"};
  return names;
}

TypeScheme parse_type_scheme(const std::string& name) {
  const auto& names = type_scheme_names();
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<TypeScheme>(i);
  throw UserError(unknown_name("token-type scheme", name, names));
}

void set_type_rule(DecoderConfig& config, const TokenTypeRule& rule) {
  const bool of_masks = rule.scheme == TypeScheme::kPromptGeneratedMask || rule.scheme == TypeScheme::kEarlyLateMask;
  if (of_masks && config.mask_id < 0)
    throw UserError("token types '{}' are those of a masked-diffusion model, but this one ({}) has no mask token",
                    name_of(rule.scheme), config.family);
  if (rule.scheme == TypeScheme::kTextVisionSystemAnswer && config.mask_id >= 0)
    throw UserError(
        "token types '{}' are those of an autoregressive model, but this one ({}) fills masks: use "
        "prompt_generated_mask",
        name_of(rule.scheme), config.family);
  config.type_rule = rule;
  config.token_types = type_names(rule.scheme, config);
}

at::Tensor roles_of_prompt(int64_t prompt_length, int64_t length) {
  at::Tensor roles_1T = at::full({1, length}, kQuestion, at::kLong);
  roles_1T.slice(1, prompt_length).fill_(kAnswer);
  return roles_1T;
}

TokenBatch given(const std::vector<int64_t>& ids) {
  TokenBatch prompt = ids;
  prompt.roles_BT = roles_of_prompt(prompt.length(), prompt.length());
  return prompt;
}

at::Tensor roles_of_blanks(const at::Tensor& start_BT, int64_t mask_id) {
  return at::full_like(start_BT, kQuestion).masked_fill(start_BT == mask_id, kAnswer);
}

}  // namespace freeact
