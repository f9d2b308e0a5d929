// A site as it runs after quantisation: integers and scales. What is learned elsewhere is frozen into it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quant/quantiser.h"
#include "quant/site.h"
#include "quant/transform.h"
#include "quant/type_branch.h"

namespace freeact {

// Integer weights of one linear: codes int8 (uint8 when asymmetric) [O, D], scale [O, G], one for each group of D / G
// neighbouring input channels; G is 1 without groups. With a float grid (16 bit) the codes hold the float weight and
// the scale is undefined.
struct QuantisedLinear {
  at::Tensor codes;
  Scale scale;
  at::Tensor bias;       // [O], may be undefined
  Clip activation_clip;  // of this linear's view of the shared activation: scalars, or [N] by token type

  at::Tensor weight() const;  // float, on the grid
  QuantisedLinear on_device(at::Device device) const;
};

// weight [O, D] already transformed and clipped.
QuantisedLinear quantise_linear(const at::Tensor& weight_OD, const at::Tensor& bias, const Grid& grid,
                                const WeightClip& clip = {});

// y_i = Q(z) W_i^T + b_i (+ mean_t W^T) (+ c product), z = transforms(x - mean_t - c write), c = (x - mean_t) read.
// Simulated: with one range a token and output and sums below 2^24, products of the codes as floats, which is exact,
// and the scaling of the integer kernels: their results bit for bit. Else floats on the grid, equal to rounding.
class QuantisedSite : public Site {
 public:
  // What the transforms see of an input, and what goes past the quantiser.
  struct Split {
    at::Tensor x_BTD;
    at::Tensor past_BTR;  // coefficients of the branch's directions; undefined without a branch
  };
  struct Parts {
    TransformChain transforms;
    Grid activation_grid;
    std::vector<QuantisedLinear> linears;
    at::Tensor mean_ND;                    // per token type, subtracted before the transforms; may be undefined
    std::vector<at::Tensor> mean_bias_NO;  // mean W^T with the float weight, per linear; added after the product
    TypeBranch branch;                     // directions that go past the quantiser; may be empty

    Split split(const at::Tensor& x_BTD, const at::Tensor& types_BT) const;
    // y [B, T, O], a linear's product with what it quantised, with what went past the quantiser.
    at::Tensor complete(size_t linear, at::Tensor y_BTO, const Split& split, const at::Tensor& types_BT) const;
    Parts on_device(at::Device device) const;
  };
  explicit QuantisedSite(Parts parts);

  std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override;
  std::shared_ptr<const Site> on_device(at::Device device) const override;
  // z [B, T, D], what the activation's quantiser sees.
  at::Tensor transformed(const at::Tensor& x_BTD, const at::Tensor& types_BT) const;
  const Parts& parts() const { return parts_; }
  // Whether a linear reads the very Q(z) that the one before it reads.
  bool shares_activation(size_t linear) const { return shares_activation_[linear]; }

  // All tensors under prefix ("site0."), and back.
  NamedTensors save(const std::string& prefix) const;
  static std::shared_ptr<const QuantisedSite> load(const NamedTensors& tensors, const std::string& prefix);

 private:
  struct View;  // the activation as some of the linears read it
  View view(const at::Tensor& z_BTD, const at::Tensor& types_BT, const Clip& clip) const;
  at::Tensor product(size_t linear, const View& x) const;

  Parts parts_;
  std::vector<at::Tensor> whole_weights_;  // codes less their zero points where products are exact, else undefined
  // Else: dequantised once in host memory; undefined elsewhere, where memory is scarce and dequantising is fast.
  std::vector<at::Tensor> weights_;
  std::vector<bool> shares_activation_;  // clips as the linear before it, so reads the same quantised activation
};

// Quantises keys and values, per token over groups of channels, after an optional rotation of queries and keys.
class QuantisedKvPath : public KvPath {
 public:
  struct Parts {
    at::Tensor query_rotation, key_rotation;  // [K, K]; q R_q (k R_k)^T = q k^T; may be undefined
    Grid key_grid, value_grid;
    Clip key_clip, value_clip;
    bool per_head = true;      // one range per token and head, else per token over all heads
    bool include_zero = true;  // see activation_scale
  };
  explicit QuantisedKvPath(Parts parts) : parts_(std::move(parts)) {}
  std::pair<at::Tensor, at::Tensor> query_key(const at::Tensor& q_BHTK, const at::Tensor& k_BGTK) const override;
  at::Tensor value(const at::Tensor& v_BGTK) const override;
  std::shared_ptr<const KvPath> on_device(at::Device device) const override;

  NamedTensors save(const std::string& prefix) const;
  static std::shared_ptr<const QuantisedKvPath> load(const NamedTensors& tensors, const std::string& prefix);

 private:
  at::Tensor quantise_heads(const at::Tensor& x_BGTK, const Grid& grid, const Clip& clip, bool include_zero) const;
  Parts parts_;
};

}  // namespace freeact
