#include "embedded/train.h"

#include <ATen/ATen.h>

#include "app/verbs.h"

namespace freeact {

Verb add_train(CLI::App& app) {
  auto* verb = app.add_subcommand("train", "Train an embedded model from its recipe; a killed training goes on");
  auto recipe = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  auto adapter = std::make_shared<std::string>();
  auto quiet = std::make_shared<bool>(false);
  verb->add_option("recipe", *recipe, "Recipe file")->required();
  verb->add_option("--out", *out, "Folder for the model")->required();
  verb->add_option("--merge-only", *adapter, "Train nothing: write the model of this adapter file");
  verb->add_flag("--quiet", *quiet, "No progress");
  add_examples(*verb,
               "  freeact train datasets/puzzle_dllm/recipe.yaml --out my-model\n"
               "  freeact train datasets/smollm2_diffusion/recipe.yaml --out my-adapter\n"
               "  freeact train datasets/smollm2_diffusion/recipe.yaml --merge-only my-adapter/adapter.safetensors "
               "--out my-model");
  return [recipe, out, adapter, quiet] {
    if (adapter->empty())
      train_recipe(*recipe, *out, *quiet);
    else
      merge_recipe(*recipe, *adapter, *out);
  };
}

}  // namespace freeact
