// A checkpoint folder with all that its use needs.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "generation/generation_config.h"
#include "model/decoder.h"
#include "model/vision_tower.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

// Shared read-only by all who use it.
struct LoadedModel {
  Decoder decoder;
  Tokenizer tokenizer;
  std::string hash;
  std::shared_ptr<const VisionTower> vision;  // null for models of text
  GenerationConfig generation;                // its stop tokens are among the decoder's already
  // Of a model that `freeact quantize` saved: how it was made (artefact/format.h). Its decoder is quantised already and
  // has no float weights. Null: a checkpoint in 16 bits or more.
  std::shared_ptr<const nlohmann::json> made_by = {};
};

// folder: a checkpoint or a saved quantised model. family may be empty (see find_family). The token that image features
// replace is the tokenizer's where config.json does not name it. Throws UserError on anything missing or broken, such
// as a tokenizer without that token.
LoadedModel load_model(const std::filesystem::path& folder, const std::string& family, at::ScalarType dtype);

}  // namespace freeact
