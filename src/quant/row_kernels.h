// Rounding one row to a symmetric grid, and the gradient of that, in plain C++ loops that vectorise. What is
// written here is what quant/quantiser.h composes of tensor operations; quant/fused_quantise.h makes tensors of it.
#pragma once

#include <cstdint>
#include <limits>

namespace freeact {

struct Bounds {
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
};

// How a row is rounded: clamped to `clip`, divided by the scale, rounded half to even, clamped to the grid's codes.
struct RowRounding {
  Bounds clip, codes;
  float scale;
};

// Smallest and largest of x [n], n > 0.
Bounds row_bounds(const float* x, int64_t n);

// z [n] = x y, element by element.
void multiply_row(const float* x, const float* y, int64_t n, float* z);

// y [n] = fma(scale * scales, whole, bias): what a token's products with integer weights are worth, in the very steps
// of the integer kernels. bias may be null: 0.
void scale_products(const float* whole, float scale, const float* scales, const float* bias, int64_t n, float* y);

// y [n] = scale * code(x).
void round_row(const float* x, int64_t n, const RowRounding& rounding, float* y);

// sum_i |scale * code(x_i) - x_i|^power, within a relative 1e-6, for powers up to 4 and errors below 2^30 scales: what
// the candidates of a range search are ranked by. NaN where an x is NaN or infinite.
float rounding_error(const float* x, int64_t n, const RowRounding& rounding, float power);

// Given dL/dy, writes dL/dx [n] at fixed scale and clip, the rounding straight through; returns the other gradients.
struct RoundingGradient {
  float scale;
  Bounds clip;
};
RoundingGradient round_row_gradient(const float* x, const float* grad_y, int64_t n, const RowRounding& rounding,
                                    float* grad_x);

// First index at which x clamped to `clip` equals the value; n if there is none.
int64_t first_equal(const float* x, int64_t n, const Bounds& clip, float value);

// Adds `amount` to grad_x in equal shares wherever x equals the value.
void add_among_equal(const float* x, int64_t n, float value, float amount, float* grad_x);

}  // namespace freeact
