#include "calibration/learned_block.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "ops/ops.h"
#include "util/random.h"

namespace freeact {
namespace {

void append(std::vector<at::Tensor>& all, const std::shared_ptr<LearnableMatrix>& matrix) {
  if (!matrix) return;
  for (const auto& parameter : matrix->parameters()) all.push_back(parameter);
}

bool has_slices(const std::vector<int64_t>& ranks) {
  return std::any_of(ranks.begin(), ranks.end(), [](int64_t rank) { return rank > 0; });
}

std::shared_ptr<LearnableSite> make_site(const std::vector<Linear>& linears, const QuantSpec& spec,
                                         const LearnedSettings& settings) {
  auto site = std::make_shared<LearnableSite>();
  site->precision = settings.precision;
  site->add_parts(linears, spec, settings.clipping, settings.clip_per_type ? settings.num_types : 1);
  const int64_t width = linears[0].weight.size(1);
  if (settings.ranks && has_slices(settings.ranks(width)))
    site->keep_ND = slice_mask(width, settings.ranks(width)).to(linears[0].weight.device());
  return site;
}

std::shared_ptr<LearnableKvPath> make_kv(const QuantSpec& spec, const LearnedSettings& settings, int64_t head_width,
                                         uint64_t seed, at::Device device) {
  if (spec.key.is_float() && spec.value.is_float()) return nullptr;
  auto kv = std::make_shared<LearnableKvPath>();
  kv->key_grid = spec.key;
  kv->value_grid = spec.value;
  if (!spec.key.is_float())
    kv->key_basis =
        std::make_shared<LearnableMatrix>(settings.parametrisation, head_width, derive_seed(seed, "key"), device);
  if (!spec.key.is_float()) kv->key_clip = LearnedClip::of_rule(settings.clipping.activation, {1}, device);
  if (!spec.value.is_float()) kv->value_clip = LearnedClip::of_rule(settings.clipping.activation, {1}, device);
  return kv;
}

// Quantised integers of one site; `rows`, where defined, scales output rows after the clip (the up projection).
QuantisedSite::Parts freeze_site(const LearnableSite& site, size_t scaled_part, const at::Tensor& rows,
                                 const std::vector<Linear>& equivalent) {
  QuantisedSite::Parts parts;
  parts.transforms.push_back(site.transform.freeze());
  if (site.keep_ND.defined()) parts.transforms.push_back(std::make_shared<SliceTransform>(site.keep_ND));
  parts.activation_grid = site.activation_grid;
  if (site.mean_ND.defined()) {
    parts.mean_ND = site.input_mean();
    if (site.transform.scale.defined()) parts.mean_ND = parts.mean_ND * site.transform.scale;
  }
  if (!site.branch.empty()) parts.branch = site.input_branch().in_basis(site.transform.scale, {}, {});
  for (size_t i = 0; i < site.parts.size(); ++i) {
    at::Tensor w = site.transformed_weight(i);
    at::Tensor bias = site.output_bias(i);
    if (i == scaled_part && rows.defined()) {
      w = w * rows.unsqueeze(-1);
      if (bias.defined()) bias = bias * rows;
    }
    parts.linears.push_back(quantise_linear(w, bias, site.weight_grid, site.final_weight_clip));
    const Clip clip = site.parts[i].activation_clip.value();
    if (clip.max.defined()) parts.linears.back().activation_clip = {clip.max.detach(), clip.min.detach()};
    if (parts.mean_ND.defined()) parts.mean_bias_NO.push_back(at::matmul(parts.mean_ND, equivalent[i].weight.t()));
    if (!site.branch.products_RO.empty())
      parts.branch.products_RO[i] = at::matmul(parts.branch.write_RD, equivalent[i].weight.t());
  }
  return parts;
}

// Folds a per-channel scale of a norm-fed site into the norm and its linears.
void fold_scale(const at::Tensor& scale, at::Tensor& norm, std::vector<Linear>& linears) {
  if (!scale.defined()) return;
  norm = norm * scale;
  for (Linear& linear : linears) linear.weight = linear.weight / scale;
}

}  // namespace

LearnedBlock make_learned_block(const Block& block, const DecoderConfig& config, const QuantSpec& spec,
                                const LearnedSettings& settings, const SiteMaxima& maxima, uint64_t seed) {
  LearnedBlock learned;
  learned.block = block;
  const Parametrisation kind = settings.parametrisation;
  const at::Device device = block.device();
  for (size_t i = 0; i < kNumSites; ++i) learned.sites[i] = make_site(block.linears[i], spec, settings);
  for (const SiteId id : {SiteId::kAttentionQkv, SiteId::kMlpGateUp, SiteId::kMlpDown}) {
    LearnableSite& site = learned.site(id);
    const int64_t width = block.at(id)[0].weight.size(1);
    site.transform = LearnableKronecker::random(kind, width, derive_seed(seed, site_name(id)), device);
    if (settings.per_channel_scale)
      site.transform.scale = initial_scale(maxima[static_cast<size_t>(id)].clamp_min(1e-5), column_maxima(block.at(id)),
                                           settings.scale_alpha)
                                 .detach()
                                 .set_requires_grad(true);
  }
  learned.heads_basis = std::make_shared<LearnableMatrix>(kind, config.num_heads, derive_seed(seed, "heads"), device);
  learned.value_basis = std::make_shared<LearnableMatrix>(kind, config.head_width, derive_seed(seed, "value"), device);
  learned.site(SiteId::kAttentionOutput).transform.left = learned.heads_basis;
  learned.site(SiteId::kAttentionOutput).upstream = learned.value_basis;
  learned.site(SiteId::kAttentionQkv).parts[2].output_basis = learned.value_basis;
  learned.kv = make_kv(spec, settings, config.head_width, seed, device);
  for (size_t i = 0; i < kNumSites; ++i) learned.block.sites[i] = learned.sites[i];
  learned.block.kv = learned.kv;
  return learned;
}

std::vector<LearnableMatrix*> LearnedBlock::matrices() const {
  std::vector<LearnableMatrix*> all = {heads_basis.get(), value_basis.get(), kv ? kv->key_basis.get() : nullptr};
  for (const auto& site : sites) all.insert(all.end(), {site->transform.left.get(), site->transform.right.get()});
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::erase(all, nullptr);
  return all;
}

std::vector<ParameterGroup> LearnedBlock::parameter_groups(const TrainerSettings& settings) const {
  ParameterGroup transforms{"transforms", {}, settings.learning_rate};
  ParameterGroup scales{"scales", {}, settings.learning_rate};
  ParameterGroup weight_clips{"weight clips", {}, settings.learning_rate * settings.clip_lr_factor};
  ParameterGroup activation_clips{"activation clips", {}, settings.learning_rate * settings.clip_lr_factor};
  for (const auto& site : sites) {
    append(transforms.parameters, site->transform.left);
    append(transforms.parameters, site->transform.right);
    if (site->transform.scale.defined()) scales.parameters.push_back(site->transform.scale);
    for (const auto& part : site->parts) {
      part.weight_clip.append_trainable(weight_clips.parameters);
      part.activation_clip.append_trainable(activation_clips.parameters);
    }
  }
  append(transforms.parameters, value_basis);
  if (kv) {
    append(transforms.parameters, kv->key_basis);
    kv->key_clip.append_trainable(activation_clips.parameters);
    kv->value_clip.append_trainable(activation_clips.parameters);
  }
  std::vector<ParameterGroup> groups = {transforms, scales, weight_clips, activation_clips};
  std::erase_if(groups, [](const auto& group) { return group.parameters.empty(); });
  return groups;
}

CalibratedBlock LearnedBlock::freeze() const {
  const at::NoGradGuard no_grad;
  constexpr size_t kUp = 1;
  CalibratedBlock result;
  Block& equal = result.equivalent;
  equal = block;
  equal.sites = {};
  equal.kv = nullptr;
  result.value_basis = value_basis->matrix();
  fold_scale(site(SiteId::kAttentionQkv).transform.scale, equal.attention_norm, equal.at(SiteId::kAttentionQkv));
  fold_scale(site(SiteId::kMlpGateUp).transform.scale, equal.mlp_norm, equal.at(SiteId::kMlpGateUp));
  const at::Tensor down_scale = site(SiteId::kMlpDown).transform.scale;
  if (down_scale.defined()) {  // silu(gate) * up: scaling up's rows scales what down reads
    Linear& up = equal.at(SiteId::kMlpGateUp)[kUp];
    up.weight = up.weight * down_scale.unsqueeze(-1);
    if (up.bias.defined()) up.bias = up.bias * down_scale;
    Linear& down = equal.at(SiteId::kMlpDown)[0];
    down.weight = down.weight / down_scale;
  }
  Linear& v = equal.at(SiteId::kAttentionQkv)[2];
  v.weight = apply_output_basis(v.weight, result.value_basis);
  v.bias = site(SiteId::kAttentionQkv).output_bias(2);
  Linear& o = equal.at(SiteId::kAttentionOutput)[0];
  o.weight = kronecker_apply(o.weight, {}, value_basis->inverse_transpose());
  for (size_t i = 0; i < kNumSites; ++i) {
    const bool gate_up = i == static_cast<size_t>(SiteId::kMlpGateUp);
    result.sites[i] = std::make_shared<QuantisedSite>(
        freeze_site(*sites[i], kUp, gate_up ? down_scale : at::Tensor(), equal.linears[i]));
  }
  result.kv = kv ? kv->freeze() : nullptr;
  return result;
}

}  // namespace freeact
