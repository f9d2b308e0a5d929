#include "embedded/train.h"

#include <ATen/ATen.h>

#include "app/verbs.h"
#include "run/project.h"
#include "run/provenance.h"
#include "store/store.h"

namespace freeact {
namespace {

// "exact_match sort", "nll bible.txt 0.5": the path to a number in a row of the curve.
void add_numbers(std::map<std::string, double>& numbers, const std::string& path, const Json& value) {
  if (value.is_number()) numbers[path] = value.get<double>();
  if (!value.is_object()) return;
  for (const auto& [name, inner] : value.items()) add_numbers(numbers, path.empty() ? name : path + " " + name, inner);
}

TrainingPoint training_point(Json row) {
  TrainingPoint point{.step = row.at("step").get<int64_t>(),
                      .seconds = row.at("seconds").get<double>(),
                      .tokens = row.at("tokens").get<int64_t>(),
                      .losses = {},
                      .metrics = {}};
  add_numbers(point.losses, "", row.value("loss", Json::object()));
  for (const char* known : {"step", "seconds", "tokens", "loss"}) row.erase(known);
  add_numbers(point.metrics, "", row);
  return point;
}

void train_into_store(const std::string& recipe, const std::string& out, bool quiet, const std::string& database) {
  Store store = Store::open_for_writing(database);  // before the training, should writing fail
  const std::string version = source_version(Project::find().root);
  TrainingCurve curve{.name = {}, .recipe_hash = {}, .machine = {}, .source_version = {}, .points = {}};
  train_recipe(recipe, out, quiet, [&](const CurveOwner& owner, const Json& row) {
    curve.name = owner.name;
    curve.recipe_hash = owner.recipe_hash;
    curve.steps = owner.steps;
    if (owner.trained_now) {
      curve.machine = machine_line(owner.threads);
      curve.source_version = version;
    }
    curve.points = {training_point(row)};
    store.add_training(curve);
  });
}

}  // namespace

Verb add_train(CLI::App& app) {
  auto* verb = app.add_subcommand("train", "Train an embedded model from its recipe; a killed training goes on");
  auto recipe = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  auto adapter = std::make_shared<std::string>(), database = std::make_shared<std::string>();
  auto quiet = std::make_shared<bool>(false);
  verb->add_option("recipe", *recipe, "Recipe file")->required();
  verb->add_option("--out", *out, "Folder for the model")->required();
  verb->add_option("--merge-only", *adapter, "Train nothing: write the model of this adapter file");
  verb->add_option("--db", *database,
                   "Database the training curve goes to, for the report (default: results/local/results.db)");
  verb->add_flag("--quiet", *quiet, "No progress");
  add_examples(*verb,
               "  freeact train datasets/puzzle_dllm/recipe.yaml --out my-model\n"
               "  freeact train datasets/puzzle_dllm/recipe.yaml --out my-model --db trial.db\n"
               "  freeact train datasets/smollm2_diffusion/recipe.yaml --out my-adapter\n"
               "  freeact train datasets/smollm2_vision/recipe.yaml --out my-adapter\n"
               "  freeact train datasets/smollm2_diffusion/recipe.yaml --merge-only my-adapter/adapter.safetensors "
               "--out my-model");
  return [recipe, out, adapter, database, quiet] {
    if (adapter->empty())
      train_into_store(*recipe, *out, *quiet, database->empty() ? default_database() : *database);
    else
      merge_recipe(*recipe, *adapter, *out);
  };
}

}  // namespace freeact
