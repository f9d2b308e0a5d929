// A block whose sites are trained: FlatQuant's learnable transforms and clips, with FreeAct's slices where asked for.
// FlatQuant and FreeAct differ in LearnedSettings only. Letters: D width of a site, O outputs, N token types, K head
// width.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "calibration/calibrated_block.h"
#include "calibration/clipping.h"
#include "calibration/site_maxima.h"
#include "calibration/trainer.h"
#include "quant/learnable.h"

namespace freeact {

// In what number format the product of a site's quantised activation and weight is taken during training.
enum class Precision { kFloat32, kBfloat16 };

struct LearnedSettings {
  Parametrisation parametrisation = Parametrisation::kSvd;
  bool per_channel_scale = true;
  double scale_alpha = 0.3;
  ClippingPolicy clipping = {{ClipKind::kLearned}, {ClipKind::kLearned}};  // LWC and LAC
  bool clip_per_type = false;                                              // one LAC pair per token type
  // Exclusive ranks [N] for a site of the given width; empty or all zero: no slices (FlatQuant).
  std::function<std::vector<int64_t>(int64_t width)> ranks;
  int64_t num_types = 2;
  bool low_energy_start = false;  // see low_energy_start.h; false: random
  Precision precision = Precision::kFloat32;
};

// Clip factors during training: the sigmoid of each end. Learned ones start at 4 (0.982 of the range); fixed ones do
// not move; searched ones are chosen afterwards, so that training goes without.
struct LearnedClip {
  at::Tensor max, min;  // raw; undefined when nothing is clipped
  static LearnedClip start(at::IntArrayRef shape, at::Device device = at::kCPU);
  static LearnedClip of_rule(const ClipRule& rule, at::IntArrayRef shape, at::Device device = at::kCPU);
  Clip value() const;  // after the sigmoid
  void append_trainable(std::vector<at::Tensor>& all) const;
};

// Output rows [heads * K, D] (or [heads * K, 1]) times basis [K, K] on every head: sum_k rows[h, k, :] basis[k, k'].
at::Tensor apply_output_basis(const at::Tensor& rows, const at::Tensor& basis);

class LearnableSite : public Site {
 public:
  struct Part {
    Linear linear;                                  // float weight and bias, as in the block
    LearnedClip weight_clip;                        // [O, G], one for each range of the weight
    LearnedClip activation_clip;                    // [1] or [N]
    std::shared_ptr<LearnableMatrix> output_basis;  // [K, K] on every head of the output (v), may be null
  };
  LearnableKronecker transform;
  std::shared_ptr<LearnableMatrix>
      upstream;        // right Kronecker factor that the input already carries (o: the values' basis)
  at::Tensor keep_ND;  // FreeAct's slices, may be undefined
  at::Tensor mean_ND;  // per-type mean of the full-precision input, subtracted first; may be undefined
  TypeBranch branch;   // of the block's original input, whatever basis it arrives in; may be empty
  std::vector<Part> parts;
  Grid weight_grid, activation_grid;
  WeightClip final_weight_clip;  // of the rounding that ends the training
  Precision precision = Precision::kFloat32;

  // A part for each linear, with the clips that the policy asks for: of activations num_clips, 1 or one per token type.
  void add_parts(const std::vector<Linear>& linears, const QuantSpec& spec, const ClippingPolicy& policy,
                 int64_t num_clips);

  std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override;
  // The mean in the basis that the input arrives in: [N, D].
  at::Tensor input_mean() const;
  // The directions past the quantiser in that basis.
  TypeBranch input_branch() const;
  // Activation after transform and slices, before the quantiser: [B, T, D].
  at::Tensor transformed(const at::Tensor& x_BTD, const at::Tensor& types_BT) const;
  at::Tensor quantised_activation(const at::Tensor& z_BTD, const at::Tensor& types_BT, size_t part) const;
  at::Tensor unclipped_weight(size_t part) const;
  // Weight with transform, LWC and output basis, before rounding: [O, D]. This is what remains to be rounded at the
  // end.
  at::Tensor transformed_weight(size_t part) const;
  // The same rounded to the grid, with straight-through gradients.
  at::Tensor quantised_weight(size_t part) const;
  at::Tensor output_bias(size_t part) const;

 private:
  struct Split {
    at::Tensor z_BTD;     // what the quantiser sees
    at::Tensor past_BTR;  // coefficients of the directions that go past it; undefined without a branch
  };
  Split split(const at::Tensor& x_BTD, const at::Tensor& types_BT) const;
  // An image of this part, [n, O], in the basis of its output.
  at::Tensor in_output_basis(const at::Tensor& image, size_t part) const;
  // Q(z) Q(W)^T + b in the site's precision: [B, T, O] float32.
  at::Tensor product(const at::Tensor& z_BTD, const at::Tensor& types_BT, size_t part) const;
};

// Keys and values under training. K rotation: q R^-T (k R)^T = q k^T.
class LearnableKvPath : public KvPath {
 public:
  std::shared_ptr<LearnableMatrix> key_basis;  // null: no rotation
  Grid key_grid, value_grid;
  LearnedClip key_clip, value_clip;  // [1]

  std::pair<at::Tensor, at::Tensor> query_key(const at::Tensor& q_BHTK, const at::Tensor& k_BGTK) const override;
  at::Tensor value(const at::Tensor& v_BGTK) const override;
  std::shared_ptr<const QuantisedKvPath> freeze() const;
};

struct LearnedBlock {
  Block block;  // its sites and kv are the learnable ones below
  std::array<std::shared_ptr<LearnableSite>, kNumSites> sites;
  std::shared_ptr<LearnableMatrix> heads_basis;  // [H, H] mixes heads before the output projection
  std::shared_ptr<LearnableMatrix> value_basis;  // [K, K]
  std::shared_ptr<LearnableKvPath> kv;           // null when keys and values stay in 16 bit

  LearnableSite& site(SiteId id) const { return *sites[static_cast<size_t>(id)]; }
  std::vector<LearnableMatrix*> matrices() const;  // each once
  // In the reference's order: transforms, per-channel scales, weight clips, activation clips; empty groups are left
  // out.
  std::vector<ParameterGroup> parameter_groups(const TrainerSettings& settings) const;
  // Folds scales into norms and the up projection, bases into v and o, and rounds the weights.
  CalibratedBlock freeze() const;
};

// While it lives, each factor of the block's transforms is solved once at most, however often it is used: a step of
// training.
class SolvedOnce {
 public:
  explicit SolvedOnce(const LearnedBlock& block) : matrices_(block.matrices()) {
    for (LearnableMatrix* matrix : matrices_) matrix->hold();
  }
  ~SolvedOnce() {
    for (LearnableMatrix* matrix : matrices_) matrix->release();
  }
  SolvedOnce(const SolvedOnce&) = delete;
  SolvedOnce& operator=(const SolvedOnce&) = delete;

 private:
  std::vector<LearnableMatrix*> matrices_;
};

LearnedBlock make_learned_block(const Block& block, const DecoderConfig& config, const QuantSpec& spec,
                                const LearnedSettings& settings, const SiteMaxima& maxima, uint64_t seed);

}  // namespace freeact
