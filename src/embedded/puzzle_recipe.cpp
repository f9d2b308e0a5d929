#include "embedded/puzzle_recipe.h"

#include "embedded/recipe_file.h"
#include "eval/puzzles.h"
#include "util/hash.h"

namespace freeact {
namespace {

void check(const PuzzleRecipe& r) {
  check_arithmetic(r.threads, r.precision);
  r.schedule.check();
  if (r.batch_per_puzzle < 1) refuse("batch_per_puzzle", "1 or more");
  const NetworkRecipe& n = r.network;
  if (n.layers < 1) refuse("network.layers", "1 or more");
  if (n.mlp_width < 1) refuse("network.mlp_width", "1 or more");
  if (n.heads < 1 || n.width < 1 || n.width % (2 * n.heads) != 0) refuse("network.width", "a multiple of 2 * heads");
  if (r.puzzles.empty()) refuse("puzzles", "a list of at least one puzzle");
  for (size_t i = 0; i < r.puzzles.size(); ++i)
    check_name(fmt::format("puzzles[{}]", i), [&] { find_puzzle_kind(r.puzzles[i]); });
}

}  // namespace

PuzzleRecipe read_puzzle_recipe(const std::filesystem::path& file) {
  return read_recipe_file<PuzzleRecipe>(file, file.stem(), check);
}

std::string recipe_hash(const PuzzleRecipe& recipe) {
  return sha256(write_fields(recipe).dump());
}

}  // namespace freeact
