#include "embedded/recipe_file.h"

namespace freeact {

void refuse(const std::string& key, const char* wanted) {
  throw FieldError(key, fmt::format("key '{}' must be {}", key, wanted));
}

void check_name(const std::string& key, const std::function<void()>& find) {
  try {
    find();
  } catch (const UserError& error) {
    throw FieldError(key, error.what());
  }
}

void check_arithmetic(int threads, const std::string& precision) {
  if (threads < 1) refuse("threads", "1 or more");
  if (precision != "float32" && precision != "bfloat16") refuse("precision", "float32 or bfloat16");
}

std::string recipe_kind(const std::filesystem::path& file) {
  const Tree tree = load_yaml(file);
  const Json* kind = tree.find("kind");
  return kind != nullptr && kind->is_string() ? kind->get<std::string>() : "";
}

}  // namespace freeact
