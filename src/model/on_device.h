// Moving what computes, and what it reads, to a device. What lies there already is shared, never copied.
#pragma once

#include <memory>

#include "model/decoder.h"
#include "model/vision_tower.h"

namespace freeact {

TokenBatch on_device(const TokenBatch& batch, at::Device device);
// All but the cache, which a context does not own.
ForwardContext on_device(const ForwardContext& context, at::Device device);

// With the sites and the path of keys and values. Sites that compute with integers are bound to where they were made:
// moving those is a Defect, so models move before they get them.
Block on_device(const Block& block, at::Device device);
Decoder on_device(Decoder model, at::Device device);
std::shared_ptr<const VisionTower> on_device(const std::shared_ptr<const VisionTower>& tower, at::Device device);

}  // namespace freeact
