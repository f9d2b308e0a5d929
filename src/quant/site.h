// A site is what gets quantised: one activation and the linears that read it (attention.qkv, attention.output,
// mlp.gate_up, mlp.down). Letters: B batch, T tokens, D input width, O output width.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace freeact {

enum class SiteId { kAttentionQkv = 0, kAttentionOutput = 1, kMlpGateUp = 2, kMlpDown = 3 };
inline constexpr int kNumSites = 4;
inline constexpr std::array<const char*, kNumSites> kSiteNames = {"attention.qkv", "attention.output", "mlp.gate_up",
                                                                  "mlp.down"};
inline const char* site_name(SiteId id) {
  return kSiteNames[static_cast<size_t>(id)];
}

// y = x weight^T + bias; weight [O, D]; bias [O], may be undefined.
struct Linear {
  at::Tensor weight, bias;
  at::Tensor operator()(const at::Tensor& x) const;
  Linear on_device(at::Device device) const;
};

// How a site computes its outputs: in 16 bit, quantised, or under training.
class Site {
 public:
  virtual ~Site() = default;
  // x [B, T, D]; types [B, T] int64, the token type of every position. One output [B, T, O] per linear.
  virtual std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const = 0;
  // The same with its tensors on another device. Sites that are bound to where they were made are a Defect.
  virtual std::shared_ptr<const Site> on_device(at::Device device) const;
};

// What happens to queries, keys and values between the projections and the attention product.
class KvPath {
 public:
  virtual ~KvPath() = default;
  // After the rotary embedding: q [B, H, T, K], k [B, G, T, K]. Keeps q k^T up to quantisation.
  virtual std::pair<at::Tensor, at::Tensor> query_key(const at::Tensor& q_BHTK, const at::Tensor& k_BGTK) const = 0;
  // v [B, G, T, K].
  virtual at::Tensor value(const at::Tensor& v_BGTK) const = 0;
  virtual std::shared_ptr<const KvPath> on_device(at::Device device) const;  // as a site's
};

// The tensor there; shared where it lies there already, or is undefined.
at::Tensor on_device(const at::Tensor& tensor, at::Device device);

}  // namespace freeact
