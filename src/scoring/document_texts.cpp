#include "scoring/document_texts.h"

#include <algorithm>

#include "scoring/scorer.h"
#include "util/error.h"

namespace freeact {

std::vector<std::string> document_texts(const nlohmann::json& document, const std::string& key) {
  const auto& value = document_value(document, key);
  if (value.is_string()) return {value.get<std::string>()};
  const bool texts = value.is_array() && !value.empty() &&
                     std::ranges::all_of(value, [](const nlohmann::json& one) { return one.is_string(); });
  if (!texts) throw UserError("'{}' of the document must be a text or texts, but is {}", key, value.dump());
  return value.get<std::vector<std::string>>();
}

}  // namespace freeact
