#include "image/normalise.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "util/error.h"

namespace freeact {
namespace {

template <typename Function>
LevelTable table_of(const ChannelValues& mean, const ChannelValues& std, Function to_unit) {
  LevelTable table;
  for (size_t channel = 0; channel < table.size(); ++channel)
    for (int level = 0; level < 256; ++level)
      table[channel][level] = (to_unit(level) - static_cast<float>(mean[channel])) / static_cast<float>(std[channel]);
  return table;
}

}  // namespace

LevelTable divided_levels(const ChannelValues& mean, const ChannelValues& std) {
  return table_of(mean, std, [](int level) { return static_cast<float>(level) / 255.0F; });
}

LevelTable scaled_levels(double scale, const ChannelValues& mean, const ChannelValues& std) {
  return table_of(mean, std, [scale](int level) { return static_cast<float>(level * scale); });
}

at::Tensor look_up_levels(const at::Tensor& levels_NCX, const LevelTable& table) {
  FREEACT_CHECK(levels_NCX.dim() >= 2 && levels_NCX.size(1) == 3, "the second axis is the channels");
  const at::Tensor levels = levels_NCX.contiguous();
  const at::Tensor values = at::empty(levels.sizes(), at::kFloat);
  const uint8_t* from = levels.data_ptr<uint8_t>();
  float* to = values.data_ptr<float>();
  const int64_t planes = levels.size(0) * 3, plane_size = planes ? levels.numel() / planes : 0;
  for (int64_t plane = 0; plane < planes; ++plane, from += plane_size) {
    const auto& channel = table[plane % 3];
    to = std::transform(from, from + plane_size, to, [&](uint8_t level) { return channel[level]; });
  }
  return values;
}

}  // namespace freeact
