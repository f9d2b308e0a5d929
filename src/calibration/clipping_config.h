// The clipping policy of methods that do not learn it, as an experiment states it. Much of RTN's collapse at low bits
// is missing clipping, so every such method takes the same two keys.
#pragma once

#include <string>

#include "calibration/calibrated_block.h"
#include "util/error.h"

namespace freeact {

struct ClippingConfig {
  std::string w_clip = "none";
  double a_clip_ratio = 1.0;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("w_clip", w_clip, "none, or mse: search the weight range with the smallest error");
    visit("a_clip_ratio", a_clip_ratio, "both ends of an activation's range times this");
  }
  void check() const {
    parse_weight_clip(w_clip);
    if (!(a_clip_ratio > 0 && a_clip_ratio <= 1))
      throw UserError("key 'method.a_clip_ratio' must lie in (0, 1], but is {}", a_clip_ratio);
  }
  RoundingSettings rounding() const { return {parse_weight_clip(w_clip), Clip::ratio(a_clip_ratio), {}}; }
};

}  // namespace freeact
