// From 8-bit levels to the floats a vision tower takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace freeact {

using ChannelValues = std::array<double, 3>;
// The float of each level, for each channel.
using LevelTable = std::array<std::array<float, 256>, 3>;

// (level / 255 - mean) / std in float32, rounded after every step.
LevelTable divided_levels(const ChannelValues& mean, const ChannelValues& std);
// (level * scale - mean) / std where the product is rounded from double to float32, the rest as above.
LevelTable scaled_levels(double scale, const ChannelValues& mean, const ChannelValues& std);

// levels_NCX: uint8 [N, 3, ...]; returns float32 of the same shape.
at::Tensor look_up_levels(const at::Tensor& levels_NCX, const LevelTable& table);

}  // namespace freeact
