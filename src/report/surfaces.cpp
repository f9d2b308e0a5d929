#include "report/surfaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "report/format.h"
#include "report/heat_map.h"
#include "report/over_layers.h"

namespace freeact {
namespace {

using Place = std::pair<std::string, int>;  // site, layer

std::set<Place> places_of(const Setting& setting) {
  std::set<Place> places;
  for (const auto& arm : setting.arms)
    for (const Run* run : arm.runs)
      for (const auto& surface : run->record.surfaces) places.insert({surface.site, surface.layer});
  return places;
}

const ActivationSurface* find_surface(const Arm& arm, const Place& place, const std::string& type) {
  for (const Run* run : arm.runs)
    for (const auto& s : run->record.surfaces)
      if (s.site == place.first && s.layer == place.second && s.token_type == type) return &s;
  return nullptr;
}

HeatPanel panel_of(const ActivationSurface& s, const Arm& arm) {
  HeatPanel panel{.row = s.token_type + " tokens",
                  .column = arm.label,
                  .note = fmt::format("max {:.3g}", s.peak),
                  .height = s.token_bins,
                  .width = s.channel_bins,
                  .values = {}};
  for (const char code : s.codes) {
    const double root = static_cast<double>(static_cast<unsigned char>(code)) / 255;
    panel.values.push_back(s.peak * root * root);
  }
  return panel;
}

}  // namespace

std::vector<Figure> surface_figures(const Setting& setting) {
  std::vector<Figure> figures;
  const auto types = distinct_names(setting, &RunRecord::surfaces, &ActivationSurface::token_type);
  for (const Place& place : places_of(setting)) {
    const std::string where = fmt::format("{}, layer {}", place.first, place.second);
    HeatMaps maps{.title = fmt::format("What the quantiser sees: {}, {}", where, setting.title),
                  .x_label = "channels",
                  .y_label = "tokens",
                  .scale_label = "largest |x| of a bin",
                  .panels = {}};
    for (const auto& type : types)
      for (const auto& arm : setting.arms)
        if (const auto* surface = find_surface(arm, place, type); surface != nullptr)
          maps.panels.push_back(panel_of(*surface, arm));
    figures.push_back(
        {.name = file_stem(fmt::format("surface_{}_{}_{}", place.first, place.second, setting.title)),
         .caption = fmt::format(
             "|x| at {} over the first tokens of a type and all channels, the largest of each bin, in the "
             "16-bit model and behind each method's means and transforms, in its quantised model; one seed. "
             "All panels share the scale, which is square-root.",
             where),
         .svg = render_svg(maps)});
  }
  return figures;
}

}  // namespace freeact
