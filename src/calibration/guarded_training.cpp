#include "calibration/guarded_training.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <array>
#include <limits>

#include "util/error.h"

namespace freeact {
namespace {

constexpr double kWorstCondition = 1e4;  // float32 holds seven digits: what is left of them halves the 8 bits of W8A8
constexpr double kWorstDeviation = 1e-3;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool is_finite(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors)
    if (tensor.is_floating_point() && !tensor.isfinite().all().item<bool>()) return false;
  return true;
}

using SiteNumbers = std::array<double, kNumSites>;

// Mean over token types of each site's relative error over one batch; NaN where the block cannot be frozen.
SiteNumbers site_errors(const std::optional<CalibratedBlock>& block, const BlockBatch& batch,
                        const DecoderConfig& config) {
  SiteNumbers sums{}, counts{}, means{};
  if (block)
    for (const SiteError& error : measure_site_errors(*block, {batch}, config)) {
      sums[static_cast<size_t>(error.site)] += error.relative_error;
      ++counts[static_cast<size_t>(error.site)];
    }
  for (size_t i = 0; i < kNumSites; ++i) means[i] = block ? sums[i] / counts[i] : kNan;
  return means;
}

MatrixHealth health_of(const LearnableSite& site) {
  MatrixHealth health;
  for (const auto& factor : {site.transform.left, site.transform.right, site.upstream})
    if (factor) health = health * factor->health();
  return health;
}

void warn_of(const std::string& where, const MatrixHealth& health, std::vector<std::string>& warnings) {
  if (health.condition > kWorstCondition || health.inverse_deviation > kWorstDeviation)
    warnings.push_back(fmt::format("{}: the transform is nearly singular: condition number {:.2g}, |T T^-1 - I| {:.2g}",
                                   where, health.condition, health.inverse_deviation));
}

void add_sites(const LearnedBlock& learned, const SiteNumbers& before, const SiteNumbers& after,
               BlockTrainingLog& log) {
  for (size_t i = 0; i < kNumSites; ++i) {
    const MatrixHealth health = health_of(*learned.sites[i]);
    log.sites.push_back({static_cast<SiteId>(i), before[i], after[i], health.condition, health.inverse_deviation});
    warn_of(kSiteNames[i], health, log.warnings);
  }
  if (learned.kv && learned.kv->key_basis) warn_of("keys", learned.kv->key_basis->health(), log.warnings);
}

// The trained block, or the start.
std::optional<CalibratedBlock> freeze_trained(const LearnedBlock& learned, const ParameterState& start, bool usable,
                                              std::vector<std::string>& warnings) {
  if (usable)
    if (auto trained = freeze_if_finite(learned)) return trained;
  start.restore();
  auto untrained = usable ? freeze_if_finite(learned) : std::nullopt;
  warnings.emplace_back(untrained ? "the trained block is not finite: it stays at its start"
                                  : "not even its start is finite: the block is rounded without transforms");
  return untrained;
}

}  // namespace

std::optional<CalibratedBlock> freeze_if_finite(const LearnedBlock& learned) {
  try {
    CalibratedBlock frozen = learned.freeze();
    bool finite = frozen.equivalent.attention_norm.isfinite().all().item<bool>() &&
                  frozen.equivalent.mlp_norm.isfinite().all().item<bool>();
    for (const auto& site : frozen.sites) finite = finite && is_finite(site->save(""));
    if (frozen.kv) finite = finite && is_finite(frozen.kv->save(""));
    if (finite) return frozen;
  } catch (const c10::LinAlgError&) {  // reported as any other number that is not finite
  }
  return std::nullopt;
}

BlockTrainingLog log_of(const TrainingTrace& trace, int64_t layer) {
  BlockTrainingLog log;
  log.layer = layer;
  log.precision = "float32";
  log.epochs = std::ssize(trace.epoch_losses);
  log.rescues = trace.rescues;
  log.stopped_early = trace.stopped_early;
  log.loss_start = trace.loss_start;
  log.loss_end = trace.loss_end;
  log.epoch_losses = trace.epoch_losses;
  log.warnings = trace.warnings;
  return log;
}

GuardedTraining train_guarded(const LearnedBlock& learned, const std::vector<BlockBatch>& batches,
                              const DecoderConfig& config, const LearningSettings& settings) {
  const ParameterState start(learned.parameter_groups(settings.trainer));
  const SiteNumbers before = site_errors(freeze_if_finite(learned), batches[0], config);
  const TrainingTrace trace = train_block(learned, batches, config, settings);
  GuardedTraining result{{}, log_of(trace, learned.block.index)};
  if (learned.sites[0]->precision == Precision::kBfloat16) result.log.precision = "bfloat16";
  result.block = freeze_trained(learned, start, trace.usable, result.log.warnings);
  add_sites(learned, before, site_errors(result.block, batches[0], config), result.log);
  return result;
}

}  // namespace freeact
