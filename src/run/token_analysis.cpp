#include "run/token_analysis.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "calibration/activation_statistics.h"
#include "calibration/row_spaces.h"
#include "calibration/surfaces.h"
#include "util/error.h"

namespace freeact {
namespace {

const std::string& type_name(int64_t type, const DecoderConfig& config) {
  return config.token_types[static_cast<size_t>(type)];
}

ActivationStatistics row_of(const SiteShape& s, const DecoderConfig& config) {
  return {.layer = static_cast<int>(s.layer),
          .site = site_name(s.site),
          .token_type = type_name(s.token_type, config),
          .tokens = s.shape.tokens,
          .width = s.shape.width,
          .effective_rank = s.shape.effective_rank,
          .dims_99 = s.shape.dims_99,
          .mean_share = s.shape.mean_share,
          .absmax = s.shape.absmax,
          .channel_ratio = s.shape.channel_ratio,
          .crest = s.shape.crest,
          .kurtosis = s.shape.kurtosis};
}

RowSpaceOverlap row_of(const TypeOverlap& o, const DecoderConfig& config) {
  return {.layer = static_cast<int>(o.layer),
          .site = site_name(o.site),
          .token_type = type_name(o.token_type, config),
          .other_type = type_name(o.other_type, config),
          .width = o.width,
          .dims = o.subspaces.dims,
          .other_dims = o.subspaces.other_dims,
          .shared_dims = o.subspaces.shared_dims,
          .mean_cosine_squared = o.subspaces.mean_cosine_squared,
          .largest_angle = o.subspaces.largest_angle,
          .exclusive_dims = o.subspaces.exclusive_DR.size(1),
          .own_energy = o.own_energy,
          .other_energy = o.other_energy,
          .other_output = o.other_output};
}

SolutionSpace row_of(const TypeSolutions& s, const DecoderConfig& config) {
  return {.layer = static_cast<int>(s.layer),
          .site = site_name(s.site),
          .token_type = type_name(s.token_type, config),
          .tokens = s.tokens,
          .width = s.width,
          .activation_rank = s.activation_rank,
          .weight_rank = s.weight_rank,
          .weakest_dims = s.weakest_dims,
          .weakest_energy = s.weakest_energy,
          .weakest_output = s.weakest_output,
          .unread_output = s.unread_output};
}

ActivationSurface row_of(const SiteSurface& s, const DecoderConfig& config) {
  const double peak = s.pooled_IJ.max().item<double>();
  return {.layer = static_cast<int>(s.layer),
          .site = site_name(s.site),
          .token_type = type_name(s.token_type, config),
          .tokens = s.tokens,
          .channels = s.channels,
          .token_bins = s.pooled_IJ.size(0),
          .channel_bins = s.pooled_IJ.size(1),
          .peak = peak,
          .codes = surface_codes(s.pooled_IJ, peak)};
}

SurfaceChoice choice_of(const AnalysisConfig& analysis, const DecoderConfig& config) {
  SurfaceChoice choice{.layers = {analysis.surface_layers.begin(), analysis.surface_layers.end()},
                       .sites = {},
                       .bins = analysis.surface_bins};
  if (choice.layers.empty()) choice.layers = default_surface_layers(config.num_layers);
  for (size_t site = 0; site < kNumSites; ++site)
    if (std::find(analysis.surface_sites.begin(), analysis.surface_sites.end(), kSiteNames[site]) !=
        analysis.surface_sites.end())
      choice.sites.push_back(static_cast<SiteId>(site));
  return choice;
}

}  // namespace

void check_analysis(const AnalysisConfig& analysis, const DecoderConfig& config) {
  for (const int layer : analysis.surface_layers)
    if (layer >= config.num_layers)
      throw UserError("key 'analysis.surface_layers' names layer {}, but the model's last one is {}", layer,
                      config.num_layers - 1);
}

void record_activations(const Decoder& model, const std::vector<TokenBatch>& data,
                        const std::function<void(const std::string&)>& note, RunRecord& record) {
  const auto measure = [&](const SiteTokens& tokens) {
    for (const auto& shape : measure_shapes(tokens)) record.activations.push_back(row_of(shape, model.config));
    if (!has_row_spaces(tokens.layer, model.config.num_layers)) return;
    const RowSpaces spaces = measure_row_spaces(tokens);
    for (const auto& overlap : spaces.overlaps) record.row_spaces.push_back(row_of(overlap, model.config));
    for (const auto& solutions : spaces.solutions) record.solution_spaces.push_back(row_of(solutions, model.config));
  };
  visit_site_tokens(model, data, measure, [&](int64_t block, int64_t blocks) {
    note(fmt::format("activations of block {} of {}", block + 1, blocks));
  });
}

void record_surfaces(const Decoder& model, const std::vector<TokenBatch>& data, const AnalysisConfig& analysis,
                     RunRecord& record) {
  const SurfaceChoice choice = choice_of(analysis, model.config);
  if (data.empty() || choice.sites.empty()) return;
  for (const auto& surface : measure_surfaces(model, data[0], choice))
    record.surfaces.push_back(row_of(surface, model.config));
}

LayerError layer_error(const SiteError& error, const DecoderConfig& config) {
  return {.layer = static_cast<int>(error.layer),
          .site = site_name(error.site),
          .token_type = type_name(error.token_type, config),
          .relative_error = error.relative_error,
          .tokens = error.tokens,
          .truncation = error.truncation,
          .activation_only = error.activation_only};
}

}  // namespace freeact
