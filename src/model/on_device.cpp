#include "model/on_device.h"

#include <ATen/ATen.h>

namespace freeact {

TokenBatch on_device(const TokenBatch& batch, at::Device device) {
  TokenBatch moved = {on_device(batch.ids_BT, device), on_device(batch.features_ND, device),
                      on_device(batch.positions_ABT, device)};
  moved.types_BT = on_device(batch.types_BT, device);
  moved.roles_BT = on_device(batch.roles_BT, device);
  moved.loss_weights_BT = on_device(batch.loss_weights_BT, device);
  return moved;
}

ForwardContext on_device(const ForwardContext& context, at::Device device) {
  ForwardContext moved = context;
  moved.types_BT = on_device(context.types_BT, device);
  moved.rope = {on_device(context.rope.cos, device), on_device(context.rope.sin, device)};
  moved.bias = on_device(context.bias, device);
  return moved;
}

Block on_device(const Block& block, at::Device device) {
  if (block.device() == device) return block;
  Block moved = block;
  moved.attention_norm = block.attention_norm.to(device);
  moved.mlp_norm = block.mlp_norm.to(device);
  for (auto& linears : moved.linears)
    for (Linear& linear : linears) linear = linear.on_device(device);
  for (auto& site : moved.sites)
    if (site) site = site->on_device(device);
  if (moved.kv) moved.kv = moved.kv->on_device(device);
  return moved;
}

Decoder on_device(Decoder model, at::Device device) {
  const bool shares_embedding = model.head.weight.is_same(model.embedding);
  model.embedding = on_device(model.embedding, device);
  for (Block& block : model.blocks) block = on_device(block, device);
  model.final_norm = on_device(model.final_norm, device);
  model.head = model.head.on_device(device);
  if (shares_embedding) model.head.weight = model.embedding;
  model.feature_basis_DD = on_device(model.feature_basis_DD, device);
  return model;
}

std::shared_ptr<const VisionTower> on_device(const std::shared_ptr<const VisionTower>& tower, at::Device device) {
  if (!tower) return tower;
  std::unique_ptr<VisionTower> moved = tower->clone();
  bool is_there = true;
  moved->visit_tensors([&](const std::string&, const std::vector<int64_t>&, at::Tensor& tensor) {
    is_there = is_there && tensor.device() == device;
    tensor = tensor.to(device);
  });
  if (is_there) return tower;
  for (VisionLinear* layer : moved->linears())
    if (layer->site) layer->site = layer->site->on_device(device);
  return moved;
}

}  // namespace freeact
