#include "app/named_model.h"

#include "config/composer.h"
#include "config/interpolation.h"
#include "run/project.h"
#include "util/suggest.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

ModelConfig model_of_folder(const fs::path& folder) {
  ModelConfig model;
  model.path = fs::absolute(folder).lexically_normal().string();
  model.name = model.path;
  return model;
}

ModelConfig model_of_project(const std::string& name) {
  const Project project = Project::find();
  const std::vector<std::string> known = list_group(project.experiments(), "model");
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw UserError("there is no checkpoint folder '{}', and {}", name, unknown_name("model", name, known));
  Tree tree;
  Composer(project.experiments()).choose(tree, "model", name, "command line");
  interpolate(tree);
  ModelConfig model = read_fields<ModelConfig>(tree.values.at("model"), "model.");
  model.path = project.resolve(model.path).string();
  return model;
}

}  // namespace

ModelConfig named_model(const std::string& name, const std::string& family, const std::string& dtype) {
  ModelConfig model = fs::is_directory(name) ? model_of_folder(name) : model_of_project(name);
  if (!family.empty()) model.family = family;
  if (!dtype.empty()) model.dtype = dtype;
  return model;
}

}  // namespace freeact
