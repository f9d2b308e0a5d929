// How ranges are clipped and weights rounded, as an experiment states it: the same keys for every method.
#pragma once

#include <string>

#include "calibration/clipping.h"
#include "util/error.h"

namespace freeact {

struct ClippingConfig {
  std::string w_clip = "none";
  double w_clip_ratio = 1.0;
  std::string a_clip = "none";
  double a_clip_ratio = 1.0;
  std::string w_rounding = "nearest";
  double gptq_damp = GptqSettings().damping;
  bool gptq_act_order = false;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("w_clip", w_clip, "clipping of weights: none, fixed, searched or learned");
    visit("w_clip_ratio", w_clip_ratio, "w_clip fixed: both ends of a row's range times this");
    visit("a_clip", a_clip, "clipping of activations: none, fixed, searched or learned");
    visit("a_clip_ratio", a_clip_ratio, "a_clip fixed: both ends of a token's range times this");
    visit("w_rounding", w_rounding, "of weights, within their range: nearest, or gptq (error moved to later columns)");
    visit("gptq_damp", gptq_damp, "w_rounding gptq: share of the mean of the Hessian's diagonal that is added to it");
    visit("gptq_act_order", gptq_act_order, "w_rounding gptq: columns in order of their inputs' energy");
  }
  void check() const {
    check_rule("w_clip", policy().weight);
    check_rule("a_clip", policy().activation);
    check_rounding();
  }
  ClippingPolicy policy() const {
    return {{parse_clip("w_clip", w_clip), w_clip_ratio}, {parse_clip("a_clip", a_clip), a_clip_ratio}, rounding()};
  }

 private:
  WeightRounding rounding() const {
    return {parse_rounding(w_rounding), {.damping = gptq_damp, .act_order = gptq_act_order}};
  }
  void check_rounding() const {
    if (!(gptq_damp >= 0 && gptq_damp <= 1))
      throw UserError("key 'method.gptq_damp' must lie in [0, 1], but is {}", gptq_damp);
    if (rounding().kind == RoundingKind::kGptq) return;
    for (const auto& [key, is_default] :
         {std::pair{"gptq_damp", gptq_damp == GptqSettings().damping}, std::pair{"gptq_act_order", !gptq_act_order}})
      if (!is_default) throw UserError("key 'method.{}' is set, but acts only with 'method.w_rounding: gptq'", key);
  }
  static void check_rule(const char* key, const ClipRule& rule) {
    if (!(rule.ratio > 0 && rule.ratio <= 1))
      throw UserError("key 'method.{}_ratio' must lie in (0, 1], but is {}", key, rule.ratio);
    const bool fixed = rule.kind == ClipKind::kFixed;
    if (fixed && rule.ratio == 1)
      throw UserError("key 'method.{0}' is fixed, but 'method.{0}_ratio' is 1, which clips nothing: set a ratio", key);
    if (!fixed && rule.ratio != 1)
      throw UserError("key 'method.{0}_ratio' is {1}, but acts only with 'method.{0}: fixed'", key, rule.ratio);
  }
};

// Of methods that train nothing themselves.
struct RoundingConfig : ClippingConfig {
  int clip_epochs = 5;

  template <typename Visitor>
  void fields(Visitor& visit) {
    ClippingConfig::fields(visit);
    visit("clip_epochs", clip_epochs, "learned clips: passes over the calibration set, per block");
  }
  void check() const {
    ClippingConfig::check();
    if (clip_epochs < 1) throw UserError("key 'method.clip_epochs' must be 1 or more, but is {}", clip_epochs);
  }
};

}  // namespace freeact
