#include "calibration/site_maxima.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "model/on_device.h"

namespace freeact {
namespace {

SiteInputVisitor raising(SiteMaxima& maxima) {
  return [&maxima](size_t i, const at::Tensor& x_BTD, const at::Tensor&) {
    const at::Tensor own = x_BTD.flatten(0, 1).abs().amax(0);
    maxima[i] = maxima[i].defined() ? at::maximum(maxima[i], own) : own;
  };
}

}  // namespace

at::Tensor column_maxima(const std::vector<Linear>& linears) {
  at::Tensor largest;
  for (const Linear& linear : linears) {
    const at::Tensor own = linear.weight.abs().amax(0);
    largest = largest.defined() ? at::maximum(largest, own) : own;
  }
  return largest;
}

at::Tensor stacked_weights(const std::vector<Linear>& linears) {
  std::vector<at::Tensor> weights;
  for (const Linear& linear : linears) weights.push_back(linear.weight);
  return at::cat(weights);
}

std::vector<at::Tensor> visit_site_inputs(const Block& block, const std::vector<BlockBatch>& batches,
                                          const DecoderConfig& config, const SiteInputVisitor& fn) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> outputs;
  for (const auto& at_rest : batches) {
    const BlockBatch batch = at_rest.on_device(block.device());
    ForwardContext context = batch.context;
    const Observer observer = [&](const std::string& point, const at::Tensor& value) {
      for (size_t i = 0; i < kNumSites; ++i)
        if (point == fmt::format("block{}.{}.input", block.index, kSiteNames[i])) fn(i, value, context.types_BT);
    };
    context.observer = &observer;
    outputs.push_back(block.forward(batch.inputs_BTD, context, config).to(at_rest.inputs_BTD.device()));
  }
  return outputs;
}

SiteMaxima collect_maxima(const Block& block, const std::vector<BlockBatch>& batches, const DecoderConfig& config) {
  SiteMaxima maxima;
  visit_site_inputs(block, batches, config, raising(maxima));
  return maxima;
}

std::vector<SiteMaxima> collect_model_maxima(const Decoder& model, const std::vector<TokenBatch>& data,
                                             at::Device device) {
  const at::NoGradGuard no_grad;
  std::vector<SiteMaxima> all;
  auto batches = first_block_batches(model, data);
  for (const Block& block : model.blocks) {
    SiteMaxima& maxima = all.emplace_back();
    set_inputs(batches, visit_site_inputs(on_device(block, device), batches, model.config, raising(maxima)));
    for (at::Tensor& own : maxima) own = on_device(own, block.device());
  }
  return all;
}

}  // namespace freeact
