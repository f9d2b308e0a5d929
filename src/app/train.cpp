#include "embedded/train.h"

#include <ATen/ATen.h>

#include "app/verbs.h"

namespace freeact {

Verb add_train(CLI::App& app) {
  auto* verb = app.add_subcommand("train", "Train an embedded model from its recipe; a killed training goes on");
  auto recipe = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  auto quiet = std::make_shared<bool>(false);
  verb->add_option("recipe", *recipe, "Recipe file")->required();
  verb->add_option("--out", *out, "Folder for the model")->required();
  verb->add_flag("--quiet", *quiet, "No progress");
  add_examples(*verb, "  freeact train datasets/puzzle_dllm/recipe.yaml --out my-model");
  return [recipe, out, quiet] { train_recipe(*recipe, *out, *quiet); };
}

}  // namespace freeact
