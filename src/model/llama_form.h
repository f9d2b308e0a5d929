// Configurations in Llama's form, which other families have as their own or inside of theirs.
#pragma once

#include <nlohmann/json.hpp>

#include "model/decoder.h"

namespace freeact {

// What such a config.json says; its rope_scaling is for the family to read. Throws UserError where a key is missing or
// of a wrong type.
DecoderConfig read_llama_form(const nlohmann::json& json);

}  // namespace freeact
