#include "ops/hadamard.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

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

// Sylvester(2^bits) as a Kronecker product of even parts. Measured on the CPU, products with matrices of side up to 64
// are 3 to 10 times faster than the butterfly, which passes over memory once per bit.
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
  factors_.insert(factors_.begin(), first.to(at::kFloat));
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

at::Tensor random_hadamard(const at::Tensor& signs, const at::Tensor& had_k) {
  return HadamardRotation(signs.numel(), had_k).apply(at::diag(signs.reshape({-1}).to(at::kDouble)));
}

at::Tensor hadamard_apply_naive(const at::Tensor& x, const at::Tensor& had_k) {
  const int64_t n = x.size(-1);
  const at::Tensor dense = at::kron(had_k, hadamard_matrix(n / had_k.size(0)).to(had_k.options())).to(x.options());
  return at::matmul(x, dense.t()) / std::sqrt(static_cast<double>(n));
}

}  // namespace freeact
