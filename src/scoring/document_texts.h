// Documents that give one answer or several.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace freeact {

// A text or an array of texts, at least one. Throws UserError naming a key that is missing or of another type.
std::vector<std::string> document_texts(const nlohmann::json& document, const std::string& key);

}  // namespace freeact
