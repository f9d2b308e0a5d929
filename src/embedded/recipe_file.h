// Reading a recipe file, and the checks that its kinds share. A recipe's faults are FieldErrors, which name the key;
// read_recipe_file() adds file and line.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "config/yaml.h"
#include "util/fields.h"

namespace freeact {

// "key 'KEY' must be WANTED"
[[noreturn]] void refuse(const std::string& key, const char* wanted);

// find throws UserError on an unknown name, which is the value of key.
void check_name(const std::string& key, const std::function<void()>& find);

// threads: 1 or more; precision: float32 or bfloat16.
void check_arithmetic(int threads, const std::string& precision);

// "" where a recipe states none, which is then for a model trained from scratch.
std::string recipe_kind(const std::filesystem::path& file);

// default_name: for a recipe that has none. Throws UserError, with file and line, on an unknown key and where check
// throws.
template <typename Recipe>
Recipe read_recipe_file(const std::filesystem::path& file, const std::filesystem::path& default_name,
                        void (*check)(const Recipe&)) {
  const Tree tree = load_yaml(file);
  try {
    auto recipe = read_fields<Recipe>(tree.values);
    if (recipe.name.empty()) recipe.name = default_name.string();
    check(recipe);
    return recipe;
  } catch (const FieldError& error) {
    throw located(error, tree.places);
  }
}

}  // namespace freeact
