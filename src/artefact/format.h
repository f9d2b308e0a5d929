// What a saved folder says of itself: the object "quantization_config" of its config.json (docs/quantised_format.md).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quant/quantiser.h"

namespace freeact {

inline constexpr int kSavedFormatVersion = 1;
inline constexpr const char* kSavedQuantMethod = "freeact";

// On which grids the numbers of a folder lie, and what the model computes in.
struct SavedFormat {
  Grid weight = {16}, activation = {16}, kv = {16};     // of the decoder's blocks; 16 bits: not quantised
  Grid vision_weight = {16}, vision_activation = {16};  // of the tower that sees images
  int embedding_bits = 16;                              // of embedding and head
  std::string dtype = "float32";                        // float32, bfloat16 or float16

  at::ScalarType scalar_type() const;
};

// The modules that the parts of a format are about, by published name.
struct SavedModules {
  std::vector<std::string> embeddings;  // and head
  std::vector<std::string> vision;      // linears of the tower
};

// made_by: how the model came about, for whoever runs it; kept as it is.
nlohmann::json quantization_config(const SavedFormat& format, const SavedModules& modules,
                                   const nlohmann::json& made_by);

// Whether a checkpoint folder holds a model that `freeact quantize` saved.
bool is_saved_model(const std::filesystem::path& folder);

struct SavedDescription {
  SavedFormat format;
  nlohmann::json made_by;
};
// Of a whole config.json; where names its folder in errors. Throws UserError on another version of the format, and on
// what is missing or impossible.
SavedDescription read_description(const nlohmann::json& config, const std::string& where);

}  // namespace freeact
