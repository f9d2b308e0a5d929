#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <map>

#include "calibration/driver.h"

namespace freeact {
namespace {

// Sums of squares over the tokens of one type, in float64.
struct Sums {
  double error = 0, signal = 0;
  int64_t tokens = 0;
};

// v [B, T, heads * K] back from the method's basis.
at::Tensor original_values(const at::Tensor& v, const at::Tensor& basis) {
  const at::Tensor heads = v.unflatten(-1, {-1, basis.size(0)});
  return at::matmul(heads, at::inverse(basis.to(at::kDouble)).to(v.scalar_type())).flatten(-2);
}

// x [B, T, D] -> [B, T], float64. A norm of one token is exact enough in float32; a copy of x in float64 is slow.
at::Tensor squared_norms(const at::Tensor& x) {
  return at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}).to(at::kDouble).square();
}

void add_tokens(std::vector<Sums>& sums, const at::Tensor& error, const at::Tensor& signal, const at::Tensor& types) {
  const at::Tensor error_BT = squared_norms(error), signal_BT = squared_norms(signal);
  for (size_t type = 0; type < sums.size(); ++type) {
    const at::Tensor chosen = (types == static_cast<int64_t>(type)).to(at::kDouble);
    sums[type].error += (error_BT * chosen).sum().item<double>();
    sums[type].signal += (signal_BT * chosen).sum().item<double>();
  }
}

}  // namespace

std::vector<SiteError> measure_site_errors(const CalibratedBlock& block, const std::vector<BlockBatch>& batches,
                                           const DecoderConfig& config) {
  const at::NoGradGuard no_grad;
  std::array<std::vector<Sums>, kNumSites> sums;
  sums.fill(std::vector<Sums>(config.token_types.size()));
  for (const auto& batch : batches) {
    std::map<std::string, at::Tensor> seen;
    const Observer observer = [&](const std::string& point, const at::Tensor& value) { seen[point] = value; };
    ForwardContext context = batch.context;
    context.observer = &observer;
    block.equivalent.forward(batch.inputs_BTD, context, config);
    for (size_t i = 0; i < kNumSites; ++i) {
      const std::string name = fmt::format("block{}.{}", block.equivalent.index, kSiteNames[i]);
      const auto outputs = block.sites[i]->forward(seen.at(name + ".input"), context.types_BT);
      for (size_t j = 0; j < outputs.size(); ++j) {
        at::Tensor signal = seen.at(fmt::format("{}.output.{}", name, j)), error = outputs[j] - signal;
        const bool values = i == static_cast<size_t>(SiteId::kAttentionQkv) && j == 2;
        if (values && block.value_basis.defined()) {
          error = original_values(error, block.value_basis);
          signal = original_values(signal, block.value_basis);
        }
        add_tokens(sums[i], error, signal, context.types_BT);
      }
      for (size_t type = 0; type < sums[i].size(); ++type)
        sums[i][type].tokens += (context.types_BT == static_cast<int64_t>(type)).sum().item<int64_t>();
    }
  }
  std::vector<SiteError> errors;
  for (size_t i = 0; i < kNumSites; ++i)
    for (size_t type = 0; type < sums[i].size(); ++type)
      if (const Sums& s = sums[i][type]; s.tokens > 0 && s.signal > 0)
        errors.push_back(
            {block.equivalent.index, static_cast<SiteId>(i), static_cast<int64_t>(type), s.error / s.signal, s.tokens});
  return errors;
}

}  // namespace freeact
