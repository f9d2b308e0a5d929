// Trainable matrices and Kronecker transforms. freeze() gives the fixed transform; nothing here changes its meaning by
// a mode flag. Source: FlatQuant, trans_utils.py; the orthogonal form is FreeAct's.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "quant/transform.h"

namespace freeact {

enum class Parametrisation {
  kSvd,         // U diag(s) V^T, U and V by the Cayley map
  kOrthogonal,  // the same with s = 1 (FreeAct's Pt)
  kInverse,     // a free matrix, inverted in float64
};
Parametrisation parse_parametrisation(const std::string& name);  // "svd" or "inv"; UserError otherwise

// How far a matrix M is from one that cannot be inverted.
struct MatrixHealth {
  double condition = 1;          // largest over smallest singular value; infinite where M is singular or not finite
  double inverse_deviation = 0;  // largest element of |M M^-1 - I|, with the inverse that is in use; likewise infinite

  MatrixHealth operator*(const MatrixHealth& other) const;  // of a Kronecker product: conditions multiply
};

// A trainable invertible matrix [n, n].
class LearnableMatrix {
 public:
  // Random orthogonal start. In the SVD and orthogonal forms the draw is stored as the raw Cayley parameter, as the
  // reference does: the matrix in use is cayley(draw), not the draw itself. Drawn in host memory, whatever the device.
  LearnableMatrix(Parametrisation kind, int64_t size, uint64_t seed, at::Device device = at::kCPU);
  // From given parameters: (u, s, v) raw, or the free matrix as u.
  LearnableMatrix(Parametrisation kind, at::Tensor u, at::Tensor s = {}, at::Tensor v = {});

  // Makes a given orthogonal matrix [n, n] the start, up to signs of its columns: the Cayley map reaches only rotations
  // without the eigenvalue -1, so signs are drawn by the seed until it does.
  void start_at(const at::Tensor& orthogonal, uint64_t seed);
  // Makes any invertible matrix [n, n] the start: exactly in the inverse form and, through its singular value
  // decomposition, in the SVD form, whose s takes the signs that make both sides reachable; the orthogonal form starts
  // at its polar factor (the nearest orthogonal matrix), up to signs of the columns.
  void start_at_invertible(const at::Tensor& matrix, uint64_t seed);

  at::Tensor matrix() const;
  at::Tensor inverse_transpose() const;
  // From hold() to release() the two above, and the Cayley maps in them, are computed once at most. Parameters must not
  // change meanwhile.
  void hold() { held_ = std::make_unique<Held>(); }
  void release() { held_.reset(); }
  MatrixHealth health() const;
  int64_t size() const { return u_.size(0); }
  std::vector<at::Tensor> parameters() const;

 private:
  struct Held {
    at::Tensor u, v, matrix, inverse_transpose;
  };
  at::Tensor orthogonal(const at::Tensor& raw, at::Tensor Held::*kept) const;
  at::Tensor svd_form(const at::Tensor& diagonal) const;
  at::Tensor raw_of(const at::Tensor& rotation) const;  // its Cayley parameter, beside the others
  at::Tensor compute_matrix() const;
  at::Tensor compute_inverse_transpose() const;
  Parametrisation kind_;
  std::unique_ptr<Held> held_;  // filled by const functions: what they return stays the same
  at::Tensor u_, s_, v_;
};

// x diag(scale) kron(left, right). Factors may be absent (identities of matching size).
class LearnableKronecker {
 public:
  std::shared_ptr<LearnableMatrix> left, right;
  at::Tensor scale;  // [D], may be undefined

  // FlatQuant's split of a width into two factors of about equal size.
  static LearnableKronecker random(Parametrisation kind, int64_t width, uint64_t seed, at::Device device = at::kCPU);

  at::Tensor activation(const at::Tensor& x) const;
  at::Tensor weight(const at::Tensor& weight_OD) const;
  // The Kronecker factors as a fixed transform, without the scale (which folds into the weights before it).
  std::shared_ptr<const Transform> freeze() const;
};

// left * right = n with left <= right, both of one parity, as square as possible (12 -> 2 x 6). n = 2 mod 4 has no such
// split: 2 x n/2 is given then, where the reference would not terminate.
std::pair<int64_t, int64_t> kronecker_split(int64_t n);

// max(wmax^(1-alpha) / xmax^alpha, 1e-5): what activations are multiplied by at the start. Floors as in FlatQuant.
at::Tensor initial_scale(const at::Tensor& activation_max_D, const at::Tensor& weight_max_D, double alpha);

}  // namespace freeact
