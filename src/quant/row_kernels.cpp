#include "quant/row_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "ops/widest.h"

namespace freeact {
namespace {

// Sums and maxima are kept per lane: the compiler may not reorder them itself. A row's last block is filled up.
constexpr int64_t kLanes = 16;
using Lanes = float[kLanes];

// Adding and taking away 1.5 * 2^23 rounds a float below 2^22 in magnitude half to even.
constexpr float kRounder = 12582912.0f;

// NaN stays NaN.
FREEACT_INLINE float clamp(float x, const Bounds& bounds) {
  const float raised = x < bounds.low ? bounds.low : x;
  return raised > bounds.high ? bounds.high : raised;
}

FREEACT_INLINE float sum(const Lanes& lanes) {
  float total = 0;
  for (int64_t i = 0; i < kLanes; ++i) total += lanes[i];
  return total;
}

FREEACT_INLINE void bounds_of_block(const float* x, Lanes& low, Lanes& high) {
  for (int64_t i = 0; i < kLanes; ++i) {
    low[i] = x[i] < low[i] ? x[i] : low[i];
    high[i] = x[i] > high[i] ? x[i] : high[i];
  }
}

FREEACT_INLINE float rounded(float x, const RowRounding& r) {
  // The bounds of the codes are integers, so that clamping before rounding changes nothing.
  const float code = clamp(clamp(x, r.clip) / r.scale, r.codes);
  return ((code + kRounder) - kRounder) * r.scale;
}

// For normal x; the polynomial interpolates log2(1 + t) / t on [sqrt(1/2) - 1, sqrt(2) - 1], off by 1e-8 at most.
FREEACT_INLINE float log2_of(float x) {
  constexpr int32_t kRootOfHalf = 0x3f3504f3;
  const auto bits = std::bit_cast<int32_t>(x);
  const int32_t exponent = (bits - kRootOfHalf) >> 23;
  const float t = std::bit_cast<float>(bits - exponent * (1 << 23)) - 1.0f;
  float p = 0.126148778f;
  p = p * t - 0.207421539f;
  p = p * t + 0.215669973f;
  p = p * t - 0.23892028f;
  p = p * t + 0.287918308f;
  p = p * t - 0.36070483f;
  p = p * t + 0.48091061f;
  p = p * t - 0.721347333f;
  p = p * t + 1.442695f;
  return p * t + static_cast<float>(exponent);
}

// For |x| <= 126, beyond which it stays as it is there; of NaN it is 2^-126. The polynomial interpolates 2^t on
// [-1/2, 1/2], off by 3e-9 at most.
FREEACT_INLINE float exp2_of(float any_x) {
  const float raised = any_x > -126.0f ? any_x : -126.0f, x = raised < 126.0f ? raised : 126.0f;
  const float whole = (x + kRounder) - kRounder;
  const float t = x - whole;
  float p = 0.000154697328f;
  p = p * t + 0.00134004331f;
  p = p * t + 0.0096180256f;
  p = p * t + 0.0555032721f;
  p = p * t + 0.240226512f;
  p = p * t + 0.693147207f;
  p = p * t + 1.0f;
  return std::bit_cast<float>(std::bit_cast<int32_t>(p) + static_cast<int32_t>(whole) * (1 << 23));
}

// Adds |code(x) - x / scale|^power, element by element.
FREEACT_INLINE void add_errors_of_block(const float* x, const RowRounding& r, float power, Lanes& sums) {
  constexpr float kTiny =
      1e-30f;  // keeps the logarithm finite; without errors, 1e-36 an element remains at a power of 2.4
  for (int64_t i = 0; i < kLanes; ++i) {
    const float quotient = clamp(x[i], r.clip) / r.scale, far = x[i] / r.scale;
    const float error = ((clamp(quotient, r.codes) + kRounder) - kRounder) - far;
    const float square = error * error;
    const float raised = exp2_of(0.5f * power * log2_of(square + kTiny));
    sums[i] += raised + (square - square);  // NaN where the square is no number
  }
}

struct GradientLanes {
  Lanes scale = {}, low = {}, high = {};
};

FREEACT_INLINE void gradient_of_block(const float* __restrict x, const float* __restrict grad_y, const RowRounding& r,
                                      float* __restrict grad_x, GradientLanes& sums) {
  const Bounds near = {r.codes.low - 2, r.codes.high + 2};  // enough to see on which side of the grid a value lies
  for (int64_t i = 0; i < kLanes; ++i) {
    const float quotient = clamp(x[i], r.clip) / r.scale;
    const float code = (clamp(quotient, near) + kRounder) - kRounder;
    const float not_low = code < r.codes.low ? 0.0f : grad_y[i];
    const float inside = code > r.codes.high ? 0.0f : not_low;
    const float from_low = x[i] < r.clip.low ? inside : 0.0f, from_high = x[i] > r.clip.high ? inside : 0.0f;
    sums.scale[i] += grad_y[i] * clamp(code, r.codes) - inside * quotient;
    sums.low[i] += from_low;
    sums.high[i] += from_high;
    grad_x[i] = inside - from_low - from_high;  // at most one of them is not zero
  }
}

}  // namespace

FREEACT_WIDEST Bounds row_bounds(const float* x, int64_t n) {
  Lanes low, high, last;
  std::fill_n(low, kLanes, x[0]);
  std::fill_n(high, kLanes, x[0]);
  const int64_t whole = n - n % kLanes;
  for (int64_t i = 0; i < whole; i += kLanes) bounds_of_block(x + i, low, high);
  std::fill_n(last, kLanes, x[0]);
  std::copy(x + whole, x + n, last);
  bounds_of_block(last, low, high);
  return {*std::min_element(low, low + kLanes), *std::max_element(high, high + kLanes)};
}

FREEACT_WIDEST void multiply_row(const float* __restrict x, const float* __restrict y, int64_t n, float* __restrict z) {
  for (int64_t i = 0; i < n; ++i) z[i] = x[i] * y[i];
}

FREEACT_WIDEST void scale_products(const float* __restrict whole, float scale, const float* __restrict scales,
                                   const float* __restrict bias, int64_t n, float* __restrict y) {
  if (bias == nullptr)
    for (int64_t i = 0; i < n; ++i) y[i] = (scale * scales[i]) * whole[i];
  else
    for (int64_t i = 0; i < n; ++i) y[i] = __builtin_fmaf(scale * scales[i], whole[i], bias[i]);
}

FREEACT_WIDEST void round_row(const float* __restrict x, int64_t n, const RowRounding& rounding, float* __restrict y) {
  const RowRounding r = rounding;
  for (int64_t i = 0; i < n; ++i) y[i] = rounded(x[i], r);
}

FREEACT_WIDEST float rounding_error(const float* x, int64_t n, const RowRounding& rounding, float power) {
  const RowRounding r = rounding;
  Lanes sums = {}, last = {};  // nothing is exact on every grid
  const int64_t whole = n - n % kLanes;
  for (int64_t i = 0; i < whole; i += kLanes) add_errors_of_block(x + i, r, power, sums);
  std::copy(x + whole, x + n, last);
  add_errors_of_block(last, r, power, sums);
  return sum(sums) * std::pow(r.scale, power);
}

FREEACT_WIDEST RoundingGradient round_row_gradient(const float* __restrict x, const float* __restrict grad_y, int64_t n,
                                                   const RowRounding& rounding, float* __restrict grad_x) {
  const RowRounding r = rounding;
  GradientLanes sums;
  const int64_t whole = n - n % kLanes;
  for (int64_t i = 0; i < whole; i += kLanes) gradient_of_block(x + i, grad_y + i, r, grad_x + i, sums);
  Lanes last_x = {}, last_grad_y = {}, last_grad_x;
  std::copy(x + whole, x + n, last_x);
  std::copy(grad_y + whole, grad_y + n, last_grad_y);
  gradient_of_block(last_x, last_grad_y, r, last_grad_x, sums);
  std::copy(last_grad_x, last_grad_x + (n - whole), grad_x + whole);
  return {sum(sums.scale), {sum(sums.low), sum(sums.high)}};
}

FREEACT_WIDEST int64_t first_equal(const float* x, int64_t n, const Bounds& clip, float value) {
  const Bounds bounds = clip;
  int64_t begin = 0;
  for (; begin + kLanes <= n; begin += kLanes) {
    int equal = 0;
    for (int64_t i = 0; i < kLanes; ++i) equal |= clamp(x[begin + i], bounds) == value ? 1 : 0;
    if (equal != 0) break;
  }
  while (begin < n && clamp(x[begin], bounds) != value) ++begin;
  return begin;
}

FREEACT_WIDEST void add_among_equal(const float* __restrict x, int64_t n, float value, float amount,
                                    float* __restrict grad_x) {
  int count = 0;
  for (int64_t i = 0; i < n; ++i) count += x[i] == value ? 1 : 0;
  if (count == 0) return;
  const float share = amount / static_cast<float>(count);
  for (int64_t i = 0; i < n; ++i) grad_x[i] += x[i] == value ? share : 0.0f;
}

}  // namespace freeact
