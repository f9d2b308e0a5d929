#include "ops/hadamard.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "ops/ordered_product.h"
#include "ops/plain_rows.h"
#include "ops/widest.h"
#include "util/error.h"

namespace freeact {
namespace {

bool is_power_of_two(int64_t n) {
  return n > 0 && std::has_single_bit(static_cast<uint64_t>(n));
}

// Smallest K with a construction such that n / K is a power of two; -1 when there is none.
int64_t smallest_factor(int64_t n) {
  if (n < 1) return -1;
  int64_t factor = n >> std::countr_zero(static_cast<uint64_t>(n));
  while (factor <= n && !hadamard_order_exists(factor)) factor *= 2;
  return factor <= n ? factor : -1;
}

// "88 and 96"; below 1 there is nothing.
std::string nearest_sizes(int64_t n) {
  int64_t above = std::max<int64_t>(n, 0) + 1;
  while (!hadamard_order_exists(above)) ++above;
  int64_t below = n - 1;
  while (below > 0 && !hadamard_order_exists(below)) --below;
  return below > 0 ? fmt::format("{} and {}", below, above) : std::to_string(above);
}

void check_had_k(int64_t n, const at::Tensor& had_k) {
  if (had_k.dim() != 2 || had_k.size(0) != had_k.size(1) || had_k.size(0) < 1)
    throw UserError("the Hadamard factor of size {} must be a square matrix", n);
  const int64_t order = had_k.size(0);
  if (n % order != 0 || !is_power_of_two(n / order))
    throw UserError("a Hadamard factor of order {} does not fit size {}: the quotient must be a power of two", order,
                    n);
  const at::Tensor exact = had_k.to(at::kCPU, at::kFloat);
  const bool signs = exact.abs().eq(1).all().item<bool>();
  if (!signs || !at::matmul(exact, exact.t()).equal(at::eye(order) * order))
    throw UserError("the factor of order {} given for size {} is no Hadamard matrix", order, n);
}

// Sylvester(2^bits) as a Kronecker product of even parts. As tensor operations, products with matrices of side up to
// 64 are 3 to 10 times faster than the butterfly, which passes over memory once per bit (measured on the CPU).
std::vector<at::Tensor> sylvester_factors(int64_t size) {
  constexpr int kMaxBits = 6;
  int bits = std::countr_zero(static_cast<uint64_t>(size));
  std::vector<at::Tensor> factors;
  for (int parts = (bits + kMaxBits - 1) / kMaxBits; parts > 0; --parts) {
    const int part = (bits + parts - 1) / parts;
    factors.push_back(hadamard_matrix(int64_t{1} << part).to(at::kFloat));
    bits -= part;
  }
  return factors;
}

// The largest order whose Sylvester matrix is multiplied as it is: the width of a vector of floats.
constexpr int64_t kFirstSteps = 16;

FREEACT_INLINE void butterfly(float* __restrict low, float* __restrict high, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const float sum = low[i] + high[i], difference = low[i] - high[i];
    low[i] = sum;
    high[i] = difference;
  }
}

// The steps of a fast Walsh-Hadamard transform of x [n] that are left after those of strides below `stride`.
FREEACT_WIDEST void butterflies(float* x, int64_t n, int64_t stride) {
  for (; stride < n; stride *= 2)
    for (int64_t begin = 0; begin < n; begin += 2 * stride) butterfly(x + begin, x + begin + stride, stride);
}

FREEACT_WIDEST void multiply(float* x, int64_t n, float factor) {
  for (int64_t i = 0; i < n; ++i) x[i] *= factor;
}

// matrix @ (.) along one axis of x [rows, n], viewed as [.., matrix.size(1), inner].
at::Tensor multiply_axis(const at::Tensor& x, const at::Tensor& matrix, int64_t inner) {
  const int64_t order = matrix.size(0);
  const int64_t outer = x.numel() / (order * inner);
  if (inner == 1) return at::matmul(x.reshape({outer, order}), matrix.t()).view(x.sizes());
  return at::matmul(matrix, x.reshape({outer, order, inner})).reshape(x.sizes());
}

}  // namespace

int64_t quarot_hadamard_factor(int64_t n, bool with_148) {
  if (n < 1) return -1;
  for (const int64_t factor : {172, 156, 148, 140, 108, 60, 52, 36, 28, 40, 20, 12})
    if (n % factor == 0 && (factor != 148 || with_148)) return is_power_of_two(n / factor) ? factor : -1;
  return is_power_of_two(n) ? 1 : -1;
}

namespace {

int64_t factor_or_none(int64_t n) {
  const int64_t factor = quarot_hadamard_factor(n, /*with_148=*/true);
  return factor > 0 ? factor : smallest_factor(n);
}

}  // namespace

bool hadamard_size_exists(int64_t n) {
  return factor_or_none(n) > 0;
}

int64_t hadamard_factor(int64_t n) {
  const int64_t factor = factor_or_none(n);
  if (factor < 0)
    throw UserError("no Hadamard transform of size {} can be constructed; the nearest sizes that can: {}", n,
                    nearest_sizes(n));
  return factor;
}

HadamardRotation::HadamardRotation(int64_t n, const at::Tensor& had_k) : n_(n) {
  if (had_k.defined()) check_had_k(n, had_k);
  const at::Tensor first = had_k.defined() ? had_k.to(at::kCPU) : hadamard_matrix(hadamard_factor(n));
  factors_ = sylvester_factors(n / first.size(0));
  had_k_ = first.to(at::kFloat).contiguous();
  factors_.insert(factors_.begin(), had_k_);
  had_k_t_ = had_k_.t().contiguous();
  first_steps_ = hadamard_matrix(std::min(n / first.size(0), kFirstSteps)).to(at::kFloat).contiguous();
}

void HadamardRotation::keep_on(at::Device device) {
  for (at::Tensor& factor : factors_) factor = factor.to(device);
}

at::Tensor HadamardRotation::apply(const at::Tensor& x) const {
  return rotate(x, /*transposed=*/false);
}

at::Tensor HadamardRotation::apply_transposed(const at::Tensor& x) const {
  return rotate(x, /*transposed=*/true);
}

at::Tensor HadamardRotation::rotate(const at::Tensor& x, bool transposed) const {
  FREEACT_CHECK(x.dim() >= 1 && x.size(-1) == n_, "a rotation of size {} was applied to width {}", n_,
                x.dim() >= 1 ? x.size(-1) : 0);
  if (is_plain(x))
    return map_rows(x, [&](const float* from, int64_t rows, float* to) { rotate_rows(from, rows, transposed, to); });
  at::Tensor result = x;
  int64_t inner = 1;
  for (auto factor = factors_.rbegin(); factor != factors_.rend(); ++factor) {
    const at::Tensor matrix = factor->to(x.device(), x.scalar_type());
    // A factor [1] changes nothing. Sylvester's are symmetric, so that transposing them too is harmless.
    if (matrix.size(0) > 1) result = multiply_axis(result, transposed ? matrix.t() : matrix, inner);
    inner *= matrix.size(0);
  }
  return result / std::sqrt(static_cast<double>(n_));
}

void HadamardRotation::apply_rows(const float* x, int64_t rows, float* y) const {
  rotate_rows(x, rows, /*transposed=*/false, y);
}

void HadamardRotation::rotate_rows(const float* x, int64_t rows, bool transposed, float* y) const {
  const int64_t order = had_k().size(0), inner = n_ / order;
  const auto* matrix = (transposed ? had_k_t_ : had_k()).const_data_ptr<float>();
  const auto* matrix_t = (transposed ? had_k() : had_k_t_).const_data_ptr<float>();
  if (order == 1) {
    transform_rows(x, rows, y);
  } else if (inner == 1) {
    ordered_product(x, matrix_t, y, rows, order, order);
  } else {
    Scratch scratch(n_);
    for (int64_t row = 0; row < rows; ++row) {
      transform_rows(x + row * n_, 1, scratch.data());
      ordered_product(matrix, scratch.data(), y + row * n_, order, inner, order);
    }
  }
  multiply(y, rows * n_, static_cast<float>(1 / std::sqrt(static_cast<double>(n_))));
}

void HadamardRotation::transform_rows(const float* x, int64_t rows, float* y) const {
  const int64_t inner = n_ / had_k().size(0), step = first_steps_.size(0), pieces = rows * (n_ / inner);
  ordered_product(x, first_steps_.const_data_ptr<float>(), y, pieces * (inner / step), step, step);
  for (int64_t piece = 0; piece < pieces; ++piece) butterflies(y + piece * inner, inner, step);
}

at::Tensor random_hadamard(const at::Tensor& signs, const at::Tensor& had_k) {
  return HadamardRotation(signs.numel(), had_k).apply(at::diag(signs.reshape({-1}).to(at::kDouble)));
}

at::Tensor hadamard_apply_naive(const at::Tensor& x, const at::Tensor& had_k) {
  const int64_t n = x.size(-1);
  const at::Tensor dense = at::kron(had_k, hadamard_matrix(n / had_k.size(0)).to(had_k.options())).to(x.options());
  return at::matmul(x, dense.t()) / std::sqrt(static_cast<double>(n));
}

}  // namespace freeact
