// Models with random weights, for benchmarks that tell about speed only.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "model/family.h"

namespace freeact {

// A float32 decoder of the family from its config.json: matrices that keep the size of what they multiply, plain norms.
Decoder random_decoder(const Family& family, const nlohmann::json& config, uint64_t seed);

}  // namespace freeact
