#include "embedded/adapter_recipe.h"

#include "config/yaml.h"
#include "eval/language_puzzles.h"
#include "util/fields.h"
#include "util/hash.h"

namespace freeact {
namespace {

void check(const AdapterRecipe& r) {
  const auto refuse = [](const std::string& key, const char* wanted) {
    throw FieldError(key, fmt::format("key '{}' must be {}", key, wanted));
  };
  if (r.base.empty()) refuse("base", "the folder of a Llama");
  if (!r.start.empty() && r.start_sha256.empty()) refuse("start_sha256", "the SHA-256 of the adapter to start from");
  if (r.threads < 1) refuse("threads", "1 or more");
  if (r.precision != "float32" && r.precision != "bfloat16") refuse("precision", "float32 or bfloat16");
  if (r.rank < 1) refuse("rank", "1 or more");
  if (r.row_tokens < 2) refuse("row_tokens", "2 or more");
  if (r.steps < 1) refuse("steps", "1 or more");
  if (r.save_every < 1) refuse("save_every", "1 or more");
  if (r.evaluate_every < 1 || r.evaluate_every % r.save_every != 0)
    refuse("evaluate_every", "a multiple of save_every");
  if (r.evaluated_items < 2) refuse("evaluated_items", "2 or more");
  if (r.learning_rate <= 0) refuse("learning_rate", "positive");
  if (r.warm_up_steps < 0) refuse("warm_up_steps", "0 or more");
  if (r.puzzles.empty() && r.texts.empty()) refuse("puzzles", "a list of at least one puzzle, or there must be texts");
  for (size_t i = 0; i < r.puzzles.size(); ++i) {
    if (r.puzzles[i].sequences < 1) refuse(fmt::format("puzzles[{}].sequences", i), "1 or more");
    try {
      find_puzzle_kind(r.puzzles[i].kind, language_puzzle_kinds());
    } catch (const UserError& error) {
      throw FieldError(fmt::format("puzzles[{}].kind", i), error.what());
    }
  }
  for (size_t i = 0; i < r.texts.size(); ++i)
    if (r.texts[i].sequences < 1) refuse(fmt::format("texts[{}].sequences", i), "1 or more");
}

}  // namespace

bool is_adapter_recipe(const std::filesystem::path& file) {
  const Tree tree = load_yaml(file);
  const Json* kind = tree.find("kind");
  return kind != nullptr && *kind == "adapter";
}

AdapterRecipe read_adapter_recipe(const std::filesystem::path& file) {
  const Tree tree = load_yaml(file);
  try {
    auto recipe = read_fields<AdapterRecipe>(tree.values);
    if (recipe.name.empty()) recipe.name = file.parent_path().filename().string();
    recipe.folder = file.parent_path();
    check(recipe);
    return recipe;
  } catch (const FieldError& error) {
    throw located(error, tree.places);
  }
}

std::string recipe_hash(const AdapterRecipe& recipe) {
  Json fields = write_fields(recipe);
  fields.erase("start");  // where the file lies does not matter, what it holds does
  if (recipe.start.empty()) fields.erase("start_sha256");
  return sha256(fields.dump());
}

}  // namespace freeact
