#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <map>

#include "calibration/driver.h"
#include "calibration/float_site.h"

namespace freeact {
namespace {

// Sums of squares over the tokens of one type, in float64.
struct Sums {
  double error = 0, truncation = 0, activation_only = 0, signal = 0;
  int64_t tokens = 0;
};
using SumsByType = std::vector<Sums>;

// v [B, T, heads * K] back from the method's basis.
at::Tensor original_values(const at::Tensor& v, const at::Tensor& basis) {
  const at::Tensor heads = v.unflatten(-1, {-1, basis.size(0)});
  return at::matmul(heads, at::inverse(basis.to(at::kDouble)).to(v.scalar_type())).flatten(-2);
}

// x [B, T, D] -> [B, T], float64. A norm of one token is exact enough in float32; a copy of x in float64 is slow.
at::Tensor squared_norms(const at::Tensor& x) {
  return at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}).to(at::kDouble).square();
}

void add_tokens(SumsByType& sums, double Sums::*part, const at::Tensor& vectors, const at::Tensor& types) {
  const at::Tensor squares_BT = squared_norms(vectors);
  for (size_t type = 0; type < sums.size(); ++type) {
    const at::Tensor chosen = (types == static_cast<int64_t>(type)).to(at::kDouble);
    sums[type].*part += (squares_BT * chosen).sum().item<double>();
  }
}

// A site with all of its rounding and with less. Null: what is known without a forward pass, see measured().
struct SiteVariants {
  std::shared_ptr<const QuantisedSite> whole, truncating, float_weights;

  SiteVariants(const std::shared_ptr<const QuantisedSite>& site, const std::vector<Linear>& linears) : whole(site) {
    if (drops_input(*site)) truncating = with_float_weights(*site, linears, KeptRounding::kNone);
    if (!site->parts().activation_grid.is_float())
      float_weights = with_float_weights(*site, linears, KeptRounding::kActivation);
  }
};

// What one site of a block reads and gives in full precision, over one batch.
struct SitePass {
  at::Tensor x_BTD;
  std::vector<at::Tensor> outputs_BTO;
  at::Tensor types_BT;
  at::Tensor value_basis;  // of the third output; may be undefined

  at::Tensor in_original_basis(const at::Tensor& output, size_t linear) const {
    return linear == 2 && value_basis.defined() ? original_values(output, value_basis) : output;
  }
};

SitePass make_pass(const std::map<std::string, at::Tensor>& seen, const CalibratedBlock& block, size_t site,
                   const at::Tensor& types_BT) {
  const std::string name = fmt::format("block{}.{}", block.equivalent.index, kSiteNames[site]);
  SitePass pass{.x_BTD = seen.at(name + ".input"), .outputs_BTO = {}, .types_BT = types_BT, .value_basis = {}};
  for (size_t j = 0; j < block.equivalent.linears[site].size(); ++j)
    pass.outputs_BTO.push_back(seen.at(fmt::format("{}.output.{}", name, j)));
  if (site == static_cast<size_t>(SiteId::kAttentionQkv)) pass.value_basis = block.value_basis;
  return pass;
}

void add_errors(SumsByType& sums, double Sums::*part, const QuantisedSite* site, const SitePass& pass) {
  if (site == nullptr) return;
  const auto outputs = site->forward(pass.x_BTD, pass.types_BT);
  for (size_t j = 0; j < outputs.size(); ++j)
    add_tokens(sums, part, pass.in_original_basis(outputs[j] - pass.outputs_BTO[j], j), pass.types_BT);
}

void add_site(SumsByType& sums, const SiteVariants& variants, const SitePass& pass) {
  add_errors(sums, &Sums::error, variants.whole.get(), pass);
  add_errors(sums, &Sums::truncation, variants.truncating.get(), pass);
  add_errors(sums, &Sums::activation_only, variants.float_weights.get(), pass);
  for (size_t j = 0; j < pass.outputs_BTO.size(); ++j)
    add_tokens(sums, &Sums::signal, pass.in_original_basis(pass.outputs_BTO[j], j), pass.types_BT);
  for (size_t type = 0; type < sums.size(); ++type)
    sums[type].tokens += (pass.types_BT == static_cast<int64_t>(type)).sum().item<int64_t>();
}

// A site that drops nothing has no truncation; where activations stay in 16 bit, it is all that weights do not do.
SiteError measured(const Sums& s, const SiteVariants& variants, SiteError place) {
  place.relative_error = s.error / s.signal;
  place.tokens = s.tokens;
  place.truncation = s.truncation / s.signal;
  place.activation_only = variants.float_weights ? s.activation_only / s.signal : place.truncation;
  return place;
}

}  // namespace

std::vector<SiteError> measure_site_errors(const CalibratedBlock& block, const std::vector<BlockBatch>& batches,
                                           const DecoderConfig& config) {
  const at::NoGradGuard no_grad;
  std::vector<SumsByType> sums(kNumSites, SumsByType(config.token_types.size()));
  std::vector<SiteVariants> variants;
  for (size_t i = 0; i < kNumSites; ++i) variants.emplace_back(block.sites[i], block.equivalent.linears[i]);
  for (const auto& at_rest : batches) {
    const BlockBatch batch = at_rest.on_device(block.equivalent.device());
    std::map<std::string, at::Tensor> seen;
    const Observer observer = [&](const std::string& point, const at::Tensor& value) { seen[point] = value; };
    ForwardContext context = batch.context;
    context.observer = &observer;
    block.equivalent.forward(batch.inputs_BTD, context, config);
    for (size_t i = 0; i < kNumSites; ++i) add_site(sums[i], variants[i], make_pass(seen, block, i, context.types_BT));
  }
  std::vector<SiteError> errors;
  for (size_t i = 0; i < kNumSites; ++i)
    for (size_t type = 0; type < sums[i].size(); ++type)
      if (const Sums& s = sums[i][type]; s.tokens > 0 && s.signal > 0)
        errors.push_back(measured(s, variants[i],
                                  {.layer = block.equivalent.index,
                                   .site = static_cast<SiteId>(i),
                                   .token_type = static_cast<int64_t>(type)}));
  return errors;
}

}  // namespace freeact
