#include "embedded/recipe.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "config/yaml.h"
#include "eval/puzzles.h"
#include "util/fields.h"
#include "util/hash.h"

namespace freeact {
namespace {

void check_puzzles(const std::vector<std::string>& puzzles) {
  for (size_t i = 0; i < puzzles.size(); ++i) {
    try {
      find_puzzle_kind(puzzles[i]);
    } catch (const UserError& error) {
      throw FieldError(fmt::format("puzzles[{}]", i), error.what());
    }
  }
}

void check(const TrainingRecipe& r) {
  const auto refuse = [](const char* key, const char* wanted) {
    throw FieldError(key, fmt::format("key '{}' must be {}", key, wanted));
  };
  if (r.threads < 1) refuse("threads", "1 or more");
  if (r.precision != "float32" && r.precision != "bfloat16") refuse("precision", "float32 or bfloat16");
  if (r.steps < 1) refuse("steps", "1 or more");
  if (r.batch_per_puzzle < 1) refuse("batch_per_puzzle", "1 or more");
  if (r.save_every < 1) refuse("save_every", "1 or more");
  if (r.warm_up_steps < 0) refuse("warm_up_steps", "0 or more");
  if (r.learning_rate <= 0) refuse("learning_rate", "positive");
  if (r.constant_share < 0 || r.constant_share > 1) refuse("constant_share", "between 0 and 1");
  if (r.final_rate_share < 0 || r.final_rate_share > 1) refuse("final_rate_share", "between 0 and 1");
  const NetworkRecipe& n = r.network;
  if (n.layers < 1) refuse("network.layers", "1 or more");
  if (n.mlp_width < 1) refuse("network.mlp_width", "1 or more");
  if (n.heads < 1 || n.width < 1 || n.width % (2 * n.heads) != 0) refuse("network.width", "a multiple of 2 * heads");
  if (r.puzzles.empty()) refuse("puzzles", "a list of at least one puzzle");
  check_puzzles(r.puzzles);
}

}  // namespace

TrainingRecipe read_recipe(const std::filesystem::path& file) {
  const Tree tree = load_yaml(file);
  try {
    auto recipe = read_fields<TrainingRecipe>(tree.values);
    if (recipe.name.empty()) recipe.name = file.stem().string();
    check(recipe);
    return recipe;
  } catch (const FieldError& error) {
    throw located(error, tree.places);
  }
}

std::string recipe_hash(const TrainingRecipe& recipe) {
  return sha256(write_fields(recipe).dump());
}

double learning_rate_at(const RateSchedule& schedule, int64_t step) {
  const auto now = static_cast<double>(step);
  if (step < schedule.warm_up_steps)
    return schedule.learning_rate * (now + 1) / static_cast<double>(schedule.warm_up_steps);
  const double constant = schedule.constant_share * static_cast<double>(schedule.steps);
  if (now < constant) return schedule.learning_rate;
  const double progress = (now - constant) / std::max(1.0, static_cast<double>(schedule.steps) - constant);
  const double cosine = (1 + std::cos(std::numbers::pi * progress)) / 2;
  return schedule.learning_rate * (schedule.final_rate_share + (1 - schedule.final_rate_share) * cosine);
}

double learning_rate_at(const TrainingRecipe& r, int64_t step) {
  return learning_rate_at({r.steps, r.warm_up_steps, r.learning_rate, r.constant_share, r.final_rate_share}, step);
}

}  // namespace freeact
