// How long a training takes, what it does on the way, and its learning rate: the same for every kind of recipe.
#pragma once

#include <cstdint>

namespace freeact {

struct Schedule {
  int64_t steps = 1000, save_every = 50, evaluate_every = 200;
  double learning_rate = 1e-3;
  int64_t warm_up_steps = 50;
  double constant_share = 0.3, final_rate_share = 0.02;

  // In two parts, since recipes have keys of their own between them, and the order of the keys is part of their hashes.
  template <typename Visitor>
  void interval_fields(Visitor& visit) {
    visit("steps", steps, "optimiser steps");
    visit("save_every", save_every, "steps between two saved states and rows of the curve");
    visit("evaluate_every", evaluate_every,
          "steps between two evaluations; a multiple of save_every, 0: only at the end");
  }
  template <typename Visitor>
  void rate_fields(Visitor& visit) {
    visit("learning_rate", learning_rate, "greatest one");
    visit("warm_up_steps", warm_up_steps, "steps of linear warm-up");
    visit("constant_share", constant_share, "share of the steps before the cosine begins");
    visit("final_rate_share", final_rate_share, "learning rate at the end, as a share of the greatest");
  }

  // Throws FieldError on an impossible value.
  void check() const;

  bool saves_after(int64_t steps_done) const;
  bool evaluates_after(int64_t steps_done) const;  // where it saves, too
  // Warm-up, then constant, then a cosine down to the final share. step counts from 0.
  double learning_rate_at(int64_t step) const;
};

}  // namespace freeact
