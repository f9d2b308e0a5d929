#include "method/freeact/adaptive_stream.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <array>

#include "calibration/site_maxima.h"

namespace freeact {
namespace {

// The statistics of all sites of a block, which every arm follows.
class BlockStatistics {
 public:
  BlockStatistics(const CalibratedBlock& block, const DecoderConfig& config) : block_(block), config_(config) {
    const auto num_types = static_cast<int64_t>(config.token_types.size());
    for (size_t i = 0; i < kNumSites; ++i)
      sites_[i] = std::make_shared<TokenStatistics>(num_types, block.equivalent.linears[i][0].weight.size(1),
                                                    /*decay=*/std::nullopt, block.equivalent.device());
  }

  // All at once, as merging costs D^2 whatever the number of tokens.
  void add(const std::vector<BlockBatch>& batches) {
    std::array<std::vector<at::Tensor>, kNumSites> rows, types;
    visit_site_inputs(block_.equivalent, batches, config_,
                      [&](size_t i, const at::Tensor& x_BTD, const at::Tensor& types_BT) {
                        rows[i].push_back(x_BTD.flatten(0, 1));
                        types[i].push_back(types_BT.flatten());
                      });
    for (size_t i = 0; i < kNumSites; ++i) sites_[i]->add(at::cat(rows[i]), at::cat(types[i]));
  }
  void fade(double factor) {
    for (const auto& site : sites_) site->fade(factor);
  }
  const std::shared_ptr<TokenStatistics>& site(size_t i) const { return sites_[i]; }

 private:
  const CalibratedBlock& block_;
  const DecoderConfig& config_;
  std::array<std::shared_ptr<TokenStatistics>, kNumSites> sites_;
};

// A block that goes on in the way of one arm.
class AdaptiveBlock {
 public:
  AdaptiveBlock(const CalibratedBlock& block, const BlockStatistics& statistics, AdaptiveArm arm,
                BranchDirections directions)
      : block_(block), arm_(std::move(arm)) {
    for (size_t i = 0; i < kNumSites; ++i)
      sites_.emplace_back(block.sites[i], block.equivalent.linears[i], statistics.site(i), directions);
  }

  const CalibratedBlock& block() const { return block_; }
  Drift drift(const SiteError& at) const { return sites_[static_cast<size_t>(at.site)].drift(at.token_type); }

  void refresh(double threshold) {
    for (size_t i = 0; i < kNumSites; ++i) {
      if (arm_.means) sites_[i].refresh_means();
      if (arm_.directions) sites_[i].refresh_directions(threshold);
      block_.sites[i] = sites_[i].site();
    }
  }

 private:
  CalibratedBlock block_;
  AdaptiveArm arm_;
  std::vector<AdaptiveSite> sites_;
};

}  // namespace

std::vector<AdaptiveArm> adaptive_arms(bool has_means, bool has_directions) {
  std::vector<AdaptiveArm> arms = {{"frozen"}};
  if (has_means) arms.push_back({.name = "means", .means = true});
  if (has_directions)
    arms.push_back({.name = has_means ? "means+directions" : "directions", .means = has_means, .directions = true});
  return arms;
}

std::vector<StreamError> run_stream(const CalibratedBlock& block, const std::vector<BlockBatch>& calibration,
                                    const std::vector<std::vector<BlockBatch>>& windows, const DecoderConfig& config,
                                    const StreamSettings& settings) {
  const at::NoGradGuard no_grad;
  BlockStatistics statistics(block, config);
  statistics.add(calibration);
  std::vector<AdaptiveBlock> arms;
  for (const AdaptiveArm& arm : settings.arms) arms.emplace_back(block, statistics, arm, settings.directions);
  std::vector<StreamError> errors;
  for (size_t window = 0; window < windows.size(); ++window) {
    const size_t first = errors.size();
    for (size_t arm = 0; arm < arms.size(); ++arm)
      for (const SiteError& error : measure_site_errors(arms[arm].block(), windows[window], config))
        errors.push_back({arm, static_cast<int>(window), error, {}});
    statistics.fade(settings.decay);
    statistics.add(windows[window]);
    const size_t of_one_arm = (errors.size() - first) / arms.size();
    for (size_t i = first; i < errors.size(); ++i) {
      // Arms that keep their directions drift alike.
      const size_t arm = errors[i].arm;
      errors[i].drift = arm > 0 && !settings.arms[0].directions && !settings.arms[arm].directions
                            ? errors[first + (i - first) % of_one_arm].drift
                            : arms[arm].drift(errors[i].error);
    }
    for (AdaptiveBlock& arm : arms) arm.refresh(settings.threshold);
  }
  return errors;
}

}  // namespace freeact
