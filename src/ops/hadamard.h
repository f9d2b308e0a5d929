// Hadamard transforms, also for sizes that are no power of two. A Hadamard matrix of order n has entries +-1 and
// H H^T = n I. All matrices are constructed, none is tabulated.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace freeact {

// Whether hadamard_matrix(order) has a construction. In the order of preference: 1; twice an order that has one
// (Sylvester); q + 1 for a prime power q = 3 mod 4 (Paley I); 2 (q + 1) for a prime power q = 1 mod 4 (Paley II);
// 4 * {23, 29, 39, 43} (Williamson). Up to 400 it covers every multiple of 4 but 188, 236, 260, 268, 292, 324, 356, 372
// and 376.
bool hadamard_order_exists(int64_t order);

// int8 [order, order]; a power of two gives Sylvester's matrix in natural order. UserError when there is no
// construction.
at::Tensor hadamard_matrix(int64_t order);

// The factor K that QuaRot pairs with a Sylvester transform of n / K: the first divisor of n in its list decides, and n
// is unsupported (-1) when the quotient is no power of two; 1 for a power of two. with_148 adds the order 148 of the
// QDLM fork, which the MLP of Qwen2.5-7B and Dream-7B needs (18944 = 148 * 128).
int64_t quarot_hadamard_factor(int64_t n, bool with_148);

// The factor we use: QuaRot's (with 148) where it has one, else the smallest K that has a construction and leaves a
// power of two. UserError with the nearest supported sizes when there is none.
int64_t hadamard_factor(int64_t n);
// Whether there is one.
bool hadamard_size_exists(int64_t n);

// x [.., n] -> x kron(hadK, Sylvester(n / K))^T / sqrt(n): every row viewed as [K, n / K], Sylvester along the last
// axis, hadK @ (.). Orthogonal, computed in x's dtype on x's device, differentiable. Source: QuaRot's matmul_hadU.
// Plain rows (ops/plain_rows.h) are computed in one order of rounded steps, whatever their number and the processor.
class HadamardRotation {
 public:
  // had_k: +-1 [K, K] to use instead of our own matrix (other codes have other matrices of the same order); UserError
  // when it is no Hadamard matrix or n / K is no power of two.
  explicit HadamardRotation(int64_t n, const at::Tensor& had_k = {});

  int64_t size() const { return n_; }
  const at::Tensor& had_k() const { return had_k_; }
  // Where the factors shall lie that tensors there are multiplied by; from elsewhere they come anew each time.
  void keep_on(at::Device device);

  at::Tensor apply(const at::Tensor& x) const;
  // The inverse.
  at::Tensor apply_transposed(const at::Tensor& x) const;
  // apply() of plain rows x, y [rows, n], apart from each other. On the calling thread.
  void apply_rows(const float* x, int64_t rows, float* y) const;

 private:
  at::Tensor rotate(const at::Tensor& x, bool transposed) const;
  void rotate_rows(const float* x, int64_t rows, bool transposed, float* y) const;
  // Sylvester(n / K) along the last axis.
  void transform_rows(const float* x, int64_t rows, float* y) const;

  int64_t n_;
  std::vector<at::Tensor> factors_;  // float32 +-1 matrices; the rotation is their Kronecker product, hadK first
  // In host memory, for plain rows: hadK as it is and transposed, contiguous, and Sylvester of n / K or the order below
  // which butterflies would be too narrow.
  at::Tensor had_k_, had_k_t_, first_steps_;
};

// QuaRot's random Hadamard Q = matmul_hadU(diag(signs)): float64 [n, n] from n signs +-1. QuaRot divides by the float32
// square root of n; the exact one here keeps Q Q^T = I to double precision and Q the same on every machine.
at::Tensor random_hadamard(const at::Tensor& signs, const at::Tensor& had_k = {});

// HadamardRotation::apply by one dense n x n product.
at::Tensor hadamard_apply_naive(const at::Tensor& x, const at::Tensor& had_k);

}  // namespace freeact
