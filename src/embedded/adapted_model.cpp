#include "embedded/adapted_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "embedded/adapter.h"
#include "embedded/dream_form.h"
#include "embedded/start_file.h"
#include "model/family.h"

namespace freeact {
namespace {

// Adam moves every parameter at one rate whatever the scale of its gradient, so a factor before a parameter is a factor
// of its learning rate.
constexpr double kMaskRate = 3;

Decoder frozen_decoder(const CheckpointFolder& base, int64_t mask_id, at::ScalarType dtype) {
  const Family family = dream_family();
  Decoder decoder;
  decoder.config = family.read_config(nlohmann::json(dream_config_json(base.config(), mask_id)));
  visit_tensors(decoder, family.modules,
                [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor) {
                  tensor = dream_tensor(base, name, shape).to(dtype);
                });
  return decoder;
}

}  // namespace

AdaptedModel::AdaptedModel(const CheckpointFolder& base, int64_t mask_id, const LoraSettings& settings,
                           at::ScalarType dtype)
    : decoder_(frozen_decoder(base, mask_id, dtype)), parameters_(attach_lora(decoder_, settings)) {
  mask_start_ = decoder_.embedding.narrow(0, 0, mask_id).to(at::kFloat).mean(0);
  parameters_["mask"] = at::zeros_like(mask_start_).set_requires_grad(true);
}

at::Tensor AdaptedModel::mask_embedding() const {
  return mask_start_ + kMaskRate * parameters_.at("mask");
}

at::Tensor AdaptedModel::losses(const PackedBatch& batch) const {
  const ForwardContext context = packed_context(decoder_, batch);
  const at::Tensor shown = decoder_.embed(batch.ids_BT);
  at::Tensor hidden = at::where(context.types_BT.unsqueeze(-1) == 1, mask_embedding().to(shown.scalar_type()), shown);
  for (const Block& block : decoder_.blocks) hidden = block.forward(hidden, context, decoder_.config);
  const at::Tensor predicting = hidden.flatten(0, 1).index_select(0, batch.predicting_M);
  const at::Tensor logits_MV = decoder_.output(predicting, context).to(at::kFloat);
  return at::cross_entropy_loss(logits_MV, batch.targets_M, {}, at::Reduction::None);
}

const Decoder& AdaptedModel::snapshot() {
  const at::NoGradGuard no_grad;
  decoder_.embedding[decoder_.config.mask_id].copy_(mask_embedding());
  return decoder_;
}

TensorMap AdaptedModel::adapter() const {
  const at::NoGradGuard no_grad;
  TensorMap tensors;
  for_each_factor(decoder_, parameters_, [&](const std::string& module, const at::Tensor& a, const at::Tensor& b) {
    tensors[module + kLoraA] = a.to(at::kBFloat16);
    tensors[module + kLoraB] = b.to(at::kBFloat16);
  });
  tensors[kMaskEmbedding] = mask_embedding().detach().to(at::kBFloat16);
  return tensors;
}

void AdaptedModel::start_from(const SafetensorsFile& adapter) {
  for_each_factor(decoder_, parameters_, [&](const std::string& module, const at::Tensor& a, const at::Tensor& b) {
    start_parameter(adapter, module + kLoraA, a);
    start_parameter(adapter, module + kLoraB, b);
  });
  mask_start_ = adapter.tensor(kMaskEmbedding).to(at::kFloat);
}

}  // namespace freeact
