// The recipe of an embedded model: everything that determines its weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace freeact {

struct NetworkRecipe {
  int64_t width = 128, heads = 4, layers = 4, mlp_width = 512;
  double norm_eps = 1e-5, rope_theta = 1e4;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("width", width, "of the hidden states");
    visit("heads", heads, "attention heads; divides width");
    visit("layers", layers, "transformer blocks");
    visit("mlp_width", mlp_width, "inner width of the MLP");
    visit("norm_eps", norm_eps, "added to the mean square in RMSNorm");
    visit("rope_theta", rope_theta, "base of the rotary embedding");
  }
};

struct TrainingRecipe {
  std::string name;
  uint64_t seed = 0;
  int threads = 1;
  std::string precision = "float32";
  NetworkRecipe network;
  std::vector<std::string> puzzles;
  int64_t steps = 1800, batch_per_puzzle = 32, save_every = 200;
  double learning_rate = 3e-3;
  int64_t warm_up_steps = 50;
  double constant_share = 0.3, final_rate_share = 0.02;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "of the model");
    visit("seed", seed, "weights, data and masks derive from it");
    visit("threads", threads, "CPU threads; sums, and so the weights, depend on their number");
    visit("precision", precision, "of the matrix products: float32 or bfloat16");
    visit("network", network, "");
    visit("puzzles", puzzles, "sudoku, sort, reverse");
    visit("steps", steps, "optimiser steps");
    visit("batch_per_puzzle", batch_per_puzzle, "sequences of each puzzle in a step");
    visit("save_every", save_every, "steps between two saved states, from which a killed training goes on");
    visit("learning_rate", learning_rate, "greatest one");
    visit("warm_up_steps", warm_up_steps, "steps of linear warm-up");
    visit("constant_share", constant_share, "share of the steps before the cosine begins");
    visit("final_rate_share", final_rate_share, "learning rate at the end, as a share of the greatest");
  }
};

// Throws UserError, with file and line, on an unknown key or an impossible value.
TrainingRecipe read_recipe(const std::filesystem::path& file);

// SHA-256 of the resolved recipe: states and models of another recipe are told apart by it.
std::string recipe_hash(const TrainingRecipe& recipe);

struct RateSchedule {
  int64_t steps, warm_up_steps;
  double learning_rate, constant_share, final_rate_share;
};

// Warm-up, then constant, then a cosine down to the final share. step counts from 0.
double learning_rate_at(const RateSchedule& schedule, int64_t step);
double learning_rate_at(const TrainingRecipe& recipe, int64_t step);

}  // namespace freeact
