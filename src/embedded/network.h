// The network of an embedded model: the suite's own Decoder in LLaDA's form, before it has learnt anything.
#pragma once

#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "embedded/puzzle_recipe.h"
#include "model/decoder.h"

namespace freeact {

// config.json of a published LLaDA, for these dimensions and the byte tokenizer with the puzzles' special tokens.
nlohmann::ordered_json llada_config_json(const NetworkRecipe& network);

// Fresh float32 weights that ask for gradients.
Decoder new_network(const NetworkRecipe& network, uint64_t seed);

// The decoder's tensors under their published names; they share memory with the decoder.
TensorMap named_tensors(Decoder& decoder);

}  // namespace freeact
