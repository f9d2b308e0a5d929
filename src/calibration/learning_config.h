// The settings that every learning method shares, as an experiment states them.
#pragma once

#include <string>

#include "calibration/clipping_config.h"
#include "calibration/learning.h"
#include "util/error.h"

namespace freeact {

struct LearningConfig : ClippingConfig {
  std::string parametrisation = "svd";
  bool per_channel_scale = true;
  double scale_alpha = 0.3;
  int epochs = 15;
  double learning_rate = 5e-3;
  int64_t batch_size = 4;
  double clip_lr_factor = 10;
  double min_lr_factor = 1e-3;
  double weight_decay = 0.01;
  std::string loss = "block";
  bool warmup = false;
  std::string precision = "float32";
  std::string start = "random";
  int patience = 0;
  bool keep_best = false;

  LearningConfig() { w_clip = a_clip = "learned"; }

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("parametrisation", parametrisation, "svd (U diag(s) V^T by Cayley maps) or inv (a free matrix)");
    visit("per_channel_scale", per_channel_scale, "learn a scale per input channel, folded into the norm before it");
    visit("scale_alpha", scale_alpha, "start of that scale: wmax^(1-alpha) / xmax^alpha");
    ClippingConfig::fields(visit);
    visit("epochs", epochs, "passes over the calibration set, per block");
    visit("learning_rate", learning_rate, "of transforms and scales");
    visit("batch_size", batch_size, "sequences per step");
    visit("clip_lr_factor", clip_lr_factor, "clip factors learn this much faster");
    visit("min_lr_factor", min_lr_factor, "the cosine ends at learning_rate times this");
    visit("weight_decay", weight_decay, "AdamW's, on all parameters");
    visit("loss", loss,
          "block (mean over all tokens), types (sum over token types) or types_relative (each by its power)");
    visit("warmup", warmup, "linear warm-up over the first 16 steps");
    visit("precision", precision,
          "of the linears' products in training: float32 or bfloat16 (FlatQuant's code: autocast)");
    visit("start", start, "of the transforms: random (orthogonal matrices), or wush: the closed form of method wush");
    visit("patience", patience, "ends a block's training after this many epochs without a lower mean loss; 0: never");
    visit("keep_best", keep_best, "end at the epoch of least mean loss (FlatQuant's code: at the last)");
  }

  void check() const {
    ClippingConfig::check();
    if (epochs < 1) throw UserError("key 'method.epochs' must be 1 or more, but is {}", epochs);
    if (batch_size < 1) throw UserError("key 'method.batch_size' must be 1 or more, but is {}", batch_size);
    if (!(learning_rate > 0)) throw UserError("key 'method.learning_rate' must be positive, but is {}", learning_rate);
    if (patience < 0) throw UserError("key 'method.patience' must be 0 or more, but is {}", patience);
    settings();
  }

  LearningSettings settings() const {
    LearningSettings s;
    s.block.parametrisation = parse_parametrisation(parametrisation);
    s.block.per_channel_scale = per_channel_scale;
    s.block.scale_alpha = scale_alpha;
    s.block.clipping = policy();
    s.trainer = {epochs, learning_rate, clip_lr_factor, min_lr_factor, weight_decay, warmup, patience, keep_best};
    s.loss = parse_loss(loss);
    s.start = parse_transform_start(start);
    s.block.precision = parse_precision(precision);
    return s;
  }
};

}  // namespace freeact
