#include "embedded/adapter_recipe.h"

#include "embedded/recipe_file.h"
#include "eval/language_puzzles.h"
#include "util/hash.h"

namespace freeact {
namespace {

void check(const AdapterRecipe& r) {
  if (r.base.empty()) refuse("base", "the folder of a Llama");
  if (!r.start.empty() && r.start_sha256.empty()) refuse("start_sha256", "the SHA-256 of the adapter to start from");
  check_arithmetic(r.threads, r.precision);
  r.schedule.check();
  if (r.rank < 1) refuse("rank", "1 or more");
  if (r.row_tokens < 2) refuse("row_tokens", "2 or more");
  if (r.evaluated_items < 2) refuse("evaluated_items", "2 or more");
  if (r.puzzles.empty() && r.texts.empty()) refuse("puzzles", "a list of at least one puzzle, or there must be texts");
  for (size_t i = 0; i < r.puzzles.size(); ++i) {
    if (r.puzzles[i].sequences < 1) refuse(fmt::format("puzzles[{}].sequences", i), "1 or more");
    check_name(fmt::format("puzzles[{}].kind", i),
               [&] { find_puzzle_kind(r.puzzles[i].kind, language_puzzle_kinds()); });
  }
  for (size_t i = 0; i < r.texts.size(); ++i)
    if (r.texts[i].sequences < 1) refuse(fmt::format("texts[{}].sequences", i), "1 or more");
}

}  // namespace

AdapterRecipe read_adapter_recipe(const std::filesystem::path& file) {
  auto recipe = read_recipe_file<AdapterRecipe>(file, file.parent_path().filename(), check);
  recipe.folder = file.parent_path();
  return recipe;
}

std::string recipe_hash(const AdapterRecipe& recipe) {
  Json fields = write_fields(recipe);
  fields.erase("start");  // where the file lies does not matter, what it holds does
  if (recipe.start.empty()) fields.erase("start_sha256");
  return sha256(fields.dump());
}

}  // namespace freeact
