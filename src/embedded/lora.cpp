#include "embedded/lora.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "util/random.h"

namespace freeact {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// y = [x, x A^T] [W, s B]^T: one product with R more columns, where two products would pass over the output twice. In
// the backward pass one product likewise gives the gradients of x and of x A^T, and W gets none. B stands block by
// block, since the columns of one linear's A belong to that linear alone.
struct LoraProduct : torch::autograd::Function<LoraProduct> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& a, const at::Tensor& b,
                            const at::Tensor& frozen, const std::vector<int64_t>& widths, double scale) {
    const at::Tensor narrow_a = a.to(x.scalar_type());
    const int64_t width = x.size(-1), rank = b.size(1);
    int64_t begin = 0;
    for (size_t i = 0; i < widths.size(); begin += widths[i++])
      frozen.narrow(0, begin, widths[i])
          .narrow(1, width + static_cast<int64_t>(i) * rank, rank)
          .copy_(b.narrow(0, begin, widths[i]) * scale);
    const at::Tensor rows = x.reshape({-1, width});
    const at::Tensor joined = at::cat({rows, at::linear(rows, narrow_a)}, 1);
    context->save_for_backward({joined, narrow_a, frozen});
    context->saved_data["widths"] = widths;
    context->saved_data["rank"] = rank;
    context->saved_data["scale"] = scale;
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = frozen.size(0);
    return at::linear(joined, frozen).view(shape);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &joined = saved[0], &a = saved[1], &frozen = saved[2];
    const auto widths = context->saved_data["widths"].toIntVector();
    const int64_t rank = context->saved_data["rank"].toInt(), width = a.size(1);
    const at::Tensor dy = gradients[0].reshape({-1, frozen.size(0)});
    const at::Tensor d_joined = at::mm(dy, frozen);
    const at::Tensor d_low = d_joined.narrow(1, width, a.size(0)).contiguous();
    const at::Tensor x = joined.narrow(1, 0, width), low = joined.narrow(1, width, a.size(0));
    const at::Tensor all_b = at::mm(dy.t(), low);  // also of each linear with the others' columns, which is dropped
    variable_list parts;
    int64_t begin = 0;
    for (size_t i = 0; i < widths.size(); begin += widths[i++])
      parts.push_back(all_b.narrow(0, begin, widths[i]).narrow(1, static_cast<int64_t>(i) * rank, rank));
    const at::Tensor d_b = at::cat(parts).to(at::kFloat) * context->saved_data["scale"].toDouble();
    const at::Tensor d_a = at::mm(d_low.t(), x).to(at::kFloat);
    at::Tensor d_x;
    if (context->needs_input_grad(0)) {
      std::vector<int64_t> shape = gradients[0].sizes().vec();
      shape.back() = width;
      d_x = at::addmm(d_joined.narrow(1, 0, width), d_low, a).view(shape);
    }
    return {d_x, d_a, d_b, {}, {}, {}};
  }
};

}  // namespace

LoraSite::LoraSite(const std::vector<Linear>& linears, at::Tensor a, at::Tensor b, double scale)
    : a_(std::move(a)), b_(std::move(b)), scale_(scale) {
  std::vector<at::Tensor> weights;
  for (const Linear& linear : linears) {
    weights.push_back(linear.weight);
    widths_.push_back(linear.weight.size(0));
  }
  const at::Tensor weight = at::cat(weights);
  frozen_ = at::cat({weight, at::zeros({weight.size(0), a_.size(0)}, weight.options())}, 1);
}

std::vector<at::Tensor> LoraSite::forward(const at::Tensor& x_BTD, const at::Tensor& /*types_BT*/) const {
  return LoraProduct::apply(x_BTD, a_, b_, frozen_, widths_, scale_).split_with_sizes(widths_, -1);
}

TensorMap attach_lora(Decoder& decoder, const LoraSettings& settings) {
  TensorMap factors;
  for (Block& block : decoder.blocks) {
    for (int i = 0; i < kNumSites; ++i) {
      const auto& linears = block.linears[static_cast<size_t>(i)];
      const std::string name = fmt::format("block{}.{}", block.index, kSiteNames[static_cast<size_t>(i)]);
      const int64_t width = linears.front().weight.size(1);
      int64_t outputs = 0;
      for (const Linear& linear : linears) outputs += linear.weight.size(0);
      const at::Tensor normal = gaussian({static_cast<int64_t>(linears.size()) * settings.rank, width},
                                         derive_seed(settings.seed, "lora " + name));
      const at::Tensor a = (normal / std::sqrt(static_cast<double>(width))).to(at::kFloat).set_requires_grad(true);
      const at::Tensor b = at::zeros({outputs, settings.rank}).set_requires_grad(true);
      factors[name + ".a"] = a;
      factors[name + ".b"] = b;
      block.sites[static_cast<size_t>(i)] = std::make_shared<LoraSite>(linears, a, b, settings.scale);
    }
  }
  return factors;
}

at::Tensor lora_addition(const at::Tensor& a_RD, const at::Tensor& b_OR, double scale) {
  return at::mm(b_OR.to(at::kDouble), a_RD.to(at::kDouble)) * scale;
}

}  // namespace freeact
