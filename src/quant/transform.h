// Fixed activation-side transforms of a site. Each has an exact weight side, so that x T and W T^-T give x W^T again;
// they are apart from the quantiser and compose. Methods differ in which they use:
// RTN none, SmoothQuant folds its scale into the norm, QuaRot Hadamard, FlatQuant Kronecker, FreeAct Kronecker and
// slices. Letters: B batch, T tokens, D width of the site.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ops/hadamard.h"
#include "ops/kronecker.h"

namespace freeact {

using NamedTensors = std::map<std::string, at::Tensor>;

// Rows of floats (ops/plain_rows.h) and what becomes of them: x, y [rows, width], apart from each other; types [rows],
// may be null where no transform asks for them.
struct PlainRows {
  const float* x;
  const int64_t* types;
  int64_t rows, width;
  float* y;
};

class Transform {
 public:
  virtual ~Transform() = default;
  // Short name in files and reports: "hadamard", "kronecker", ...
  virtual std::string kind() const = 0;
  // x [B, T, D] -> [B, T, D]; types [B, T] int64.
  virtual at::Tensor activation(const at::Tensor& x_BTD, const at::Tensor& types_BT) const = 0;
  // activation() of plain rows, bit for bit, on the calling thread; and whether there is that for rows of this width.
  virtual bool has_rows(int64_t /*width*/) const { return false; }
  virtual void activation_rows(const PlainRows& rows) const;
  // The inverse transpose on weight rows [O, D].
  virtual at::Tensor weight(const at::Tensor& weight_OD) const = 0;
  // All tensors that make it up, for saving.
  virtual NamedTensors tensors() const = 0;
  // The same with its tensors there: by default made of them anew, so that it has to be a kind of make_transform().
  virtual std::shared_ptr<const Transform> on_device(at::Device device) const;
};

using TransformChain = std::vector<std::shared_ptr<const Transform>>;
at::Tensor apply_activation(const TransformChain& chain, at::Tensor x_BTD, const at::Tensor& types_BT);
at::Tensor apply_weight(const TransformChain& chain, at::Tensor weight_OD);

// x * scale on the activations, W / scale on the weights; scale [D].
class ScaleTransform : public Transform {
 public:
  explicit ScaleTransform(at::Tensor scale) : scale_(std::move(scale)) {}
  std::string kind() const override { return "scale"; }
  at::Tensor activation(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override;
  bool has_rows(int64_t width) const override;
  void activation_rows(const PlainRows& rows) const override;
  at::Tensor weight(const at::Tensor& weight_OD) const override;
  NamedTensors tensors() const override { return {{"scale", scale_}}; }

 private:
  at::Tensor scale_;
};

// QuaRot's online Hadamard over the whole width; had_k [K, K] +-1, undefined when D is a power of two.
class HadamardTransform : public Transform {
 public:
  explicit HadamardTransform(int64_t width, at::Tensor had_k = {});
  std::string kind() const override { return "hadamard"; }
  at::Tensor activation(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override;
  bool has_rows(int64_t width) const override { return width == width_; }
  void activation_rows(const PlainRows& rows) const override;
  at::Tensor weight(const at::Tensor& weight_OD) const override;
  NamedTensors tensors() const override;
  std::shared_ptr<const Transform> on_device(at::Device device) const override;

 private:
  int64_t width_;
  at::Tensor had_k_;
  HadamardRotation rotation_;
};

// x kron(left, right); the weight side is given, since an exact inverse may be better known than computed. An undefined
// pair of factors is the identity.
class KroneckerTransform : public Transform {
 public:
  struct Factors {
    at::Tensor left, right;                      // activation side
    at::Tensor left_inverse_t, right_inverse_t;  // weight side
  };
  explicit KroneckerTransform(Factors factors);
  std::string kind() const override { return "kronecker"; }
  at::Tensor activation(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override;
  bool has_rows(int64_t width) const override { return ordered_ && ordered_->fits(width); }
  void activation_rows(const PlainRows& rows) const override;
  at::Tensor weight(const at::Tensor& weight_OD) const override;
  NamedTensors tensors() const override;

 private:
  Factors f_;
  std::optional<OrderedKronecker> ordered_;  // where the factors are plain
};

// FreeAct's slices (PAPER: P = [U, U_X, 0], P' = [U, 0, U_X']): after the shared transform, the coordinates that belong
// to another token type are set to zero, before the token's range is taken. keep [N, D] holds 0 or 1 per type.
// One-to-one only where the zeroed coordinates are zero already (FREEACT Theorem 2); otherwise it truncates. The weight
// side is whole.
class SliceTransform : public Transform {
 public:
  explicit SliceTransform(at::Tensor keep_ND) : keep_(std::move(keep_ND)) {}
  std::string kind() const override { return "slices"; }
  at::Tensor activation(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override;
  bool has_rows(int64_t width) const override;
  void activation_rows(const PlainRows& rows) const override;
  at::Tensor weight(const at::Tensor& weight_OD) const override { return weight_OD; }
  NamedTensors tensors() const override { return {{"keep", keep_}}; }

 private:
  at::Tensor keep_;
};

// keep [N, D] of the paper's layout [U | U_X of type 0 | U_X' of type 1 | ...]: the last sum(ranks) coordinates are
// exclusive in type order; keep[t] is 0 on those of every other type. Throws UserError when the ranks exceed D.
at::Tensor slice_mask(int64_t width, const std::vector<int64_t>& ranks);

// Rows of a per-type table [N, D] for the types of a batch: [B, T, D].
at::Tensor rows_of_type(const at::Tensor& table_ND, const at::Tensor& types_BT);

// Rebuilds a transform from its kind and tensors. Throws UserError on an unknown kind.
std::shared_ptr<const Transform> make_transform(const std::string& kind, const NamedTensors& tensors);

}  // namespace freeact
