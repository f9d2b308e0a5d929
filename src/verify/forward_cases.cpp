// Forward passes. Letters: B batch, T tokens, V vocabulary rows.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <array>
#include <cmath>
#include <map>

#include "util/error.h"
#include "verify/family_cases.h"

namespace freeact {
namespace {

// bfloat16 differs between machines and orders of operation; these are the sets' own bounds for it.
constexpr double kMaxMeanDifference = 0.1, kMinArgmaxAgreement = 0.95;

// "self_attn.q_proj" of "model.layers.{}.self_attn.q_proj"
std::string name_in_block(const std::string& module) {
  const size_t place = module.find("{}.");
  return place == std::string::npos ? module : module.substr(place + 3);
}

// Published names of the linears of each site, in the order the decoder holds them.
std::array<std::vector<std::string>, kNumSites> published_names(const ModuleNames& m) {
  return {{{name_in_block(m.query), name_in_block(m.key), name_in_block(m.value)},
           {name_in_block(m.attention_output)},
           {name_in_block(m.gate), name_in_block(m.up)},
           {name_in_block(m.down)}}};
}

// All observations of a pass, by the names of the decoder.
struct Trace {
  std::map<std::string, at::Tensor> points;
  at::Tensor logits;
};

Trace trace_forward(const Decoder& model, const at::Tensor& ids_BT, const at::Tensor& mask_BT) {
  const at::NoGradGuard no_grad;
  Trace trace;
  const Observer observer = [&](const std::string& point, const at::Tensor& value) { trace.points[point] = value; };
  ForwardContext context = model.context(ids_BT, mask_BT);
  context.observer = &observer;
  trace.logits = model.logits(ids_BT, context);
  return trace;
}

// The same under the names of the stored outputs.
std::map<std::string, at::Tensor> named_outputs(const Trace& trace, const Decoder& model, const ModuleNames& modules) {
  std::map<std::string, at::Tensor> named = {{"logits", trace.logits}};
  const auto take = [&](const std::string& name, const std::string& point) {
    if (const auto found = trace.points.find(point); found != trace.points.end()) named[name] = found->second;
  };
  take("hidden.embed", "embed");
  take("hidden.final_norm", "final_norm");
  const auto linears = published_names(modules);
  for (const Block& each : model.blocks) {
    const std::string block = fmt::format("block{}", each.index);
    take("hidden." + block, block);
    take(block + ".rope.q", block + ".rope.q");
    take(block + ".rope.k", block + ".rope.k");
    for (size_t site = 0; site < linears.size(); ++site) {
      const std::string point = fmt::format("{}.{}", block, kSiteNames[site]);
      for (size_t i = 0; i < linears[site].size(); ++i) {
        take(fmt::format("{}.input.{}", block, linears[site][i]), point + ".input");
        take(fmt::format("{}.output.{}", block, linears[site][i]), fmt::format("{}.output.{}", point, i));
      }
    }
  }
  return named;
}

// The positions that are real: [B, T, ..] -> [real, ..]; per head [B, H, T, K] likewise. Pads mean nothing.
at::Tensor real_positions(const at::Tensor& value, const at::Tensor& mask_BT) {
  const at::Tensor real = mask_BT != 0;
  const auto starts_like_mask = [&](const at::Tensor& x) {
    return x.dim() >= 2 && x.size(0) == real.size(0) && x.size(1) == real.size(1);
  };
  if (value.dim() == 4 && starts_like_mask(value.transpose(1, 2))) return value.transpose(1, 2).index({real});
  return starts_like_mask(value) ? value.index({real}) : value;
}

Tolerance tolerance_of(const ReferenceSet& set, const std::string& role) {
  const char* key = role == "logits"              ? "logits_max_abs"
                    : role.starts_with("hidden.") ? "hidden_max_abs"
                                                  : "block0_max_abs";
  return Tolerance::all_close(0, set.bound(key, 2e-4));
}

void compare_float32(ReferenceCase& reference, const at::Tensor& ids_BT, const at::Tensor& mask_BT) {
  ReferenceSet& set = reference.set();
  const Decoder& model = set.model(at::kFloat);
  for (const auto& [role, ours] : named_outputs(trace_forward(model, ids_BT, mask_BT), model, set.family().modules)) {
    const at::Tensor stored = reference.reference(role);
    if (!stored.defined()) continue;
    const bool selects = mask_BT.defined() && ours.sizes() == stored.sizes();
    reference.add(compare(reference.title(), role, selects ? real_positions(ours, mask_BT) : ours,
                          selects ? real_positions(stored, mask_BT) : stored, tolerance_of(set, role)));
  }
}

void compare_bfloat16(ReferenceCase& reference, const at::Tensor& ids_BT, const at::Tensor& mask_BT) {
  const at::Tensor ours = trace_forward(reference.set().model(at::kBFloat16), ids_BT, mask_BT).logits;
  const at::Tensor stored = reference.input("logits");
  CheckLine mean = compare(reference.title(), "logits", ours, stored, Tolerance::all_close(0, 0));
  mean.tolerance = fmt::format("mean difference {}", kMaxMeanDifference);
  if (std::isnan(mean.max_abs_diff)) return reference.add(mean);  // not comparable at all
  const double difference = (ours.to(at::kDouble) - stored.to(at::kDouble)).abs().mean().item<double>();
  mean.passed = difference <= kMaxMeanDifference;
  mean.note = fmt::format("mean difference {:.3g}", difference);
  reference.add(mean);

  const double agreement = (ours.argmax(-1) == stored.argmax(-1)).to(at::kDouble).mean().item<double>();
  reference.add({.case_name = reference.title(),
                 .output = "logits.argmax",
                 .max_abs_diff = 1 - agreement,
                 .tolerance = fmt::format("agreement {}", kMinArgmaxAgreement),
                 .passed = agreement >= kMinArgmaxAgreement,
                 .note = fmt::format("agreement {:.3g}", agreement)});
}

}  // namespace

void check_forward(ReferenceCase& reference) {
  // A case in another precision stores no input of its own: it has that of the plain forward case.
  at::Tensor ids_BT = reference.optional_input("input_ids");
  if (!ids_BT.defined()) ids_BT = reference.set().tensors().tensor("forward.input_ids");
  const at::Tensor mask_BT = reference.optional_input("attention_mask");
  const std::string dtype = reference.settings().value("compute_dtype", "float32");
  if (dtype == "float32") return compare_float32(reference, ids_BT, mask_BT);
  if (dtype == "bfloat16") return compare_bfloat16(reference, ids_BT, mask_BT);
  throw UserError("forward passes in '{}' are not checked; known: bfloat16, float32", dtype);
}

}  // namespace freeact
