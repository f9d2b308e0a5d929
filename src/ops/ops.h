// Stateless tensor functions of a decoder. Letters: B batch, T tokens, S keys, D width, H heads, K head width.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace freeact {

// x [.., D] -> x / sqrt(mean(x^2) + eps) * weight; the mean in float32, cast back before the weight, as the published
// models do.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

// Cosine and sine [B or 1, 1, T, K] of the half-split rotary embedding, in float32. Integer positions [B or 1, T], or
// [K/2, B or 1, T] where every frequency turns by positions of its own.
struct RopeTable {
  at::Tensor cos, sin;
};
RopeTable rope_table(const at::Tensor& positions, int64_t head_width, double theta);

// Rotates x [B, H, T, K]: pairs are (i, i + K/2). In float32 when the table is float32, then cast back.
at::Tensor apply_rope(const at::Tensor& x_BHTK, const RopeTable& table);

// softmax(q k^T / sqrt(K) + bias) v. q [B, H, T, K]; k, v [B, G, S, K] with G dividing H (each key head serves H/G
// neighbouring query heads); bias additive, broadcastable to [B, H, T, S], may be undefined. Causal: the queries are
// the last T of the S positions.
at::Tensor attention(const at::Tensor& q_BHTK, const at::Tensor& k_BGSK, const at::Tensor& v_BGSK,
                     const at::Tensor& bias, bool causal);
// The same, written out: softmax in float32. It is also what training uses: on the CPU its backward is the faster one.
at::Tensor attention_naive(const at::Tensor& q_BHTK, const at::Tensor& k_BGSK, const at::Tensor& v_BGSK,
                           const at::Tensor& bias, bool causal);

// x kron(left, right) for rows x [.., L*R]: view x as [.., L, R], then left^T (x right). An undefined factor is the
// identity; sizes then come from the other one.
at::Tensor kronecker_apply(const at::Tensor& x, const at::Tensor& left, const at::Tensor& right);
at::Tensor kronecker_apply_naive(const at::Tensor& x, const at::Tensor& left, const at::Tensor& right);

// Orthogonal matrix of a square parameter: A = tril(X) - tril(X)^T, solve(I - A/2, I + A/2). Only the strictly lower
// part of X matters. Source: the Cayley map of FlatQuant's parametrisation.
at::Tensor cayley(const at::Tensor& raw);
// The raw parameter of which cayley() makes a rotation that has no eigenvalue -1.
at::Tensor cayley_raw(const at::Tensor& rotation);

// A random orthogonal float64 matrix: QR of the Gaussian, columns times the sign of R's diagonal, which makes it
// unique.
at::Tensor orthogonal_from_gaussian(const at::Tensor& gaussian);
// A standard normal float64 tensor drawn on the CPU from a seed.
at::Tensor gaussian(at::IntArrayRef shape, uint64_t seed);

}  // namespace freeact
