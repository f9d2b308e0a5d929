// A site that computes in 16 bits and keeps the token types it was given.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "model/decoder.h"

namespace freeact {

class RecordingSite : public Site {
 public:
  explicit RecordingSite(const std::vector<Linear>& linears) : linears_(linears) {}
  std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override {
    passes_.push_back(types_BT.expand({x_BTD.size(0), x_BTD.size(1)}).clone());
    std::vector<at::Tensor> outputs;
    for (const Linear& linear : linears_) outputs.push_back(linear(x_BTD));
    return outputs;
  }
  // Types [B, T] of every forward pass.
  const std::vector<at::Tensor>& passes() const { return passes_; }

 private:
  std::vector<Linear> linears_;
  mutable std::vector<at::Tensor> passes_;
};

// Puts one into the first block.
inline std::shared_ptr<RecordingSite> record_types(Decoder& model) {
  auto site = std::make_shared<RecordingSite>(model.blocks[0].at(SiteId::kAttentionQkv));
  model.blocks[0].sites[static_cast<size_t>(SiteId::kAttentionQkv)] = site;
  return site;
}

}  // namespace freeact
