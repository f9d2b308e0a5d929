#include "report/block_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/format.h"
#include "report/plot.h"

namespace freeact {
namespace {

constexpr size_t kWorstSites = 3;
constexpr const char* kStart = "start";
constexpr const char* kEnd = "end";

// Means over the runs of an arm that trained this layer.
Series loss_series(const Arm& arm, const char* label, double BlockTraining::*loss) {
  std::map<int, std::vector<double>> by_layer;
  for (const Run* run : arm.runs)
    for (const auto& training : run->record.block_trainings) by_layer[training.layer].push_back(training.*loss);
  Series series{.label = label, .x = {}, .y = {}};
  for (const auto& [layer, losses] : by_layer) {
    series.x.push_back(layer);
    series.y.push_back(mean(losses));
  }
  return series;
}

std::string outline(const BlockTraining& training) {
  std::string text = fmt::format("{} epochs", training.epochs);
  if (training.rescues > 0) text += ", " + count_of(static_cast<size_t>(training.rescues), "rescue");
  return text + fmt::format(", loss {:.3g} to {:.3g}", training.loss_start, training.loss_end);
}

std::string describe_losses(const std::vector<BlockTraining>& trainings) {
  int64_t rescues = 0, early = 0, in_bfloat16 = 0;
  std::vector<double> falls;
  for (const auto& t : trainings) {
    rescues += t.rescues;
    early += t.stopped_early ? 1 : 0;
    in_bfloat16 += t.precision == "bfloat16" ? 1 : 0;
    if (t.loss_start > 0 && std::isfinite(t.loss_end)) falls.push_back(t.loss_end / t.loss_start);
  }
  std::string text = "  " + count_of(trainings.size(), "block");
  if (!falls.empty()) text += fmt::format(", loss of the first batch times {:.3g} in the mean", mean(falls));
  text += ", " + count_of(static_cast<size_t>(rescues), "rescue");
  if (early > 0) text += fmt::format(", {} stopped early", early);
  if (in_bfloat16 > 0) text += fmt::format(", {} in bfloat16", in_bfloat16);
  return text + "\n";
}

struct Place {
  int layer;
  SiteTraining site;
};

std::string describe_worst_sites(const std::vector<BlockTraining>& trainings) {
  std::vector<Place> places;
  for (const auto& t : trainings)
    for (const auto& site : t.sites) places.push_back({t.layer, site});
  const size_t shown = std::min(kWorstSites, places.size());
  std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(shown), places.end(),
                    [](const Place& a, const Place& b) { return a.site.condition > b.site.condition; });
  std::string text;
  for (size_t i = 0; i < shown; ++i) {
    const auto& [layer, site] = places[i];
    text += fmt::format("  layer {:<4}{:<20}condition number {:.3g}, error {:.3g} to {:.3g}\n", layer, site.site,
                        site.condition, site.error_before, site.error_after);
  }
  return text;
}

}  // namespace

std::optional<Figure> block_training_figure(const Setting& setting) {
  LinePlot plot{.title = "Training loss of each layer, " + setting.title,
                .x_label = "layer",
                .y_label = "loss of the first batch",
                .log_y = true,
                .labels = {kStart, kEnd},
                .panels = {}};
  for (const auto& arm : setting.arms) {
    Panel panel{.row = "", .column = arm.label, .series = {}};
    panel.series.push_back(loss_series(arm, kStart, &BlockTraining::loss_start));
    if (panel.series[0].x.empty()) continue;
    panel.series.push_back(loss_series(arm, kEnd, &BlockTraining::loss_end));
    plot.panels.push_back(std::move(panel));
  }
  if (plot.panels.empty()) return std::nullopt;
  return Figure{.name = "block_training_" + file_stem(setting.title),
                .caption =
                    "Loss of each block on the first calibration batch before and after its training, mean over seeds. "
                    "Losses of methods that minimise different ones cannot be compared. Logarithmic scale.",
                .svg = render_svg(plot)};
}

std::optional<Table> training_warning_table(const Setting& setting) {
  Table table{.name = "training_warnings_" + file_stem(setting.title),
              .title = "Trainings that went astray, " + setting.title,
              .caption = "What was done so that the blocks stayed finite.",
              .columns = {"Method", "Run", "Layer", "Training", "Warning"},
              .rows = {},
              .num_text_columns = 5};
  for (const auto& arm : setting.arms)
    for (const Run* run : arm.runs)
      for (const auto& training : run->record.block_trainings)
        for (const auto& warning : training.warnings) {
          TableCell link;
          link.runs = {run->id};
          TableCell text = text_cell(warning);
          text.alarm = true;
          table.rows.push_back({text_cell(arm.label), link, text_cell(std::to_string(training.layer)),
                                text_cell(outline(training)), text});
        }
  if (table.rows.empty()) return std::nullopt;
  return table;
}

std::string describe_block_trainings(const RunRecord& run) {
  if (run.block_trainings.empty()) return "";
  std::string text = "\ntraining\n" + describe_losses(run.block_trainings);
  for (const auto& training : run.block_trainings)
    for (const auto& warning : training.warnings)
      text += fmt::format("  warning: layer {}: {}\n", training.layer, warning);
  return text + describe_worst_sites(run.block_trainings);
}

}  // namespace freeact
