// The clipping policy as an experiment states it: the same keys for every method.
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

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("w_clip", w_clip, "clipping of weights: none, fixed, searched or learned");
    visit("w_clip_ratio", w_clip_ratio, "w_clip fixed: both ends of a row's range times this");
    visit("a_clip", a_clip, "clipping of activations: none, fixed, searched or learned");
    visit("a_clip_ratio", a_clip_ratio, "a_clip fixed: both ends of a token's range times this");
  }
  void check() const {
    check_rule("w_clip", policy().weight);
    check_rule("a_clip", policy().activation);
  }
  ClippingPolicy policy() const {
    return {{parse_clip("w_clip", w_clip), w_clip_ratio}, {parse_clip("a_clip", a_clip), a_clip_ratio}};
  }

 private:
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
