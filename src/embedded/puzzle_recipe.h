// The recipe of a model trained from scratch on puzzles: everything that determines its weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "embedded/schedule.h"

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

struct PuzzleRecipe {
  std::string name;
  uint64_t seed = 0;
  int threads = 1;
  std::string precision = "float32";
  NetworkRecipe network;
  std::vector<std::string> puzzles;
  Schedule schedule{.steps = 1800, .save_every = 200, .evaluate_every = 0, .learning_rate = 3e-3};
  int64_t batch_per_puzzle = 32;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "of the model");
    visit("seed", seed, "weights, data and masks derive from it");
    visit("threads", threads, "CPU threads; sums, and so the weights, depend on their number");
    visit("precision", precision, "of the matrix products: float32 or bfloat16");
    visit("network", network, "");
    visit("puzzles", puzzles, "sudoku, sort, reverse");
    visit("steps", schedule.steps, "optimiser steps");
    visit("batch_per_puzzle", batch_per_puzzle, "sequences of each puzzle in a step");
    visit("save_every", schedule.save_every, "steps between two saved states, from which a killed training goes on");
    schedule.rate_fields(visit);
  }
};

// Throws UserError, with file and line, on an unknown key or an impossible value.
PuzzleRecipe read_puzzle_recipe(const std::filesystem::path& file);

// SHA-256 of the resolved recipe: states and models of another recipe are told apart by it.
std::string recipe_hash(const PuzzleRecipe& recipe);

}  // namespace freeact
