// QuaRot (Ashkboos et al., NeurIPS 2024, arXiv 2404.00456): one random Hadamard rotation of the residual stream folded
// into all weights, online Hadamards where a nonlinearity or the attention is in the way. See README.md beside this
// file. Letters: D residual width, H heads, K head width.
#pragma once

#include <functional>

#include "calibration/clipping_config.h"
#include "method/method.h"

namespace freeact {

struct QuarotConfig : RoundingConfig {
  bool subtract_embedding_mean = false;

  QuarotConfig() {
    w_clip = "searched";
    a_clip = "fixed";
    a_clip_ratio = 0.9;
  }
  template <typename Visitor>
  void fields(Visitor& visit) {
    RoundingConfig::fields(visit);
    visit("subtract_embedding_mean", subtract_embedding_mean,
          "as QuaRot's code does; no identity for RMSNorm models, so it changes the function");
  }
};

// Norm gains into the linears they feed (attention_norm -> q, k, v; mlp_norm -> gate, up; final_norm -> head); the
// norms become ones. In float64. A tied head is untied first.
void fold_norms(Decoder& model);
// embedding E Q, head W Q; q, k, v, gate, up W Q; o, down Q^T W. rotation [D, D] orthogonal, float64, on the device
// that shall compute this; the model stays where it lies.
void rotate_residual(Decoder& model, const at::Tensor& rotation);
// A Hadamard per head on v's outputs, undone in o's columns.
void rotate_values(Decoder& model);

// The +-1 matrix for a width that is no power of two; undefined: our own construction.
using HadamardSource = std::function<at::Tensor(int64_t width)>;
// What is applied online: heads are mixed before o, the full width before down. Where the number of heads has no
// Hadamard matrix, o gets one over its whole width and v stays as it is.
std::array<TransformChain, kNumSites> online_rotations(const DecoderConfig& config,
                                                       const HadamardSource& source = nullptr);
bool heads_can_mix(const DecoderConfig& config);

// Keys and values: queries and keys rotated by a Hadamard per head after the rotary embedding; null when both are 16
// bit. With one key head per query head, ranges are per token over all heads; else per token and head, where a value's
// range is not widened to hold 0. A head width without a Hadamard matrix is quantised as it is.
std::shared_ptr<const QuantisedKvPath> rotated_kv_path(const DecoderConfig& config, const QuantSpec& spec,
                                                       const Clip& clip);

class Quarot : public Method {
 public:
  Quarot(const QuarotConfig& config, const MethodContext& context) : config_(config), context_(context) {}
  void prepare(Decoder& model, const std::vector<TokenBatch>& calibration) const override;
  CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                            const DecoderConfig& config) const override;

 private:
  QuarotConfig config_;
  MethodContext context_;
};

MethodEntry quarot_entry();

}  // namespace freeact
