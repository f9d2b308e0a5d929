#include "report/training.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "report/format.h"
#include "report/plot.h"
#include "util/progress.h"

namespace freeact {
namespace {

constexpr size_t kRecipeDigits = 8;

std::string numbers_text(const std::map<std::string, double>& numbers) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : numbers) parts.push_back(fmt::format("{} = {:.4g}", name, value));
  return fmt::format("{}", fmt::join(parts, ", "));
}

const TrainingPoint* last_evaluated(const TrainingCurve& curve) {
  const TrainingPoint* last = nullptr;
  for (const auto& point : curve.points)
    if (!point.metrics.empty()) last = &point;
  return last;
}

std::string sentence(const TrainingCurve& curve) {
  const TrainingPoint& end = curve.points.back();
  std::string text = fmt::format("{} (recipe {}): {} of {} steps, {:.3g} million tokens in {}", curve.name,
                                 curve.recipe_hash.substr(0, kRecipeDigits), end.step, curve.steps,
                                 static_cast<double>(end.tokens) / 1e6, format_duration(end.seconds));
  if (!curve.machine.empty()) text += fmt::format(" on {}, version {}", curve.machine, curve.source_version);
  text += "; losses: " + numbers_text(end.losses);
  if (const TrainingPoint* point = last_evaluated(curve))
    text += fmt::format("; measured at step {}: {}", point->step, numbers_text(point->metrics));
  return text + ".";
}

// Names of models, with the recipe where one name has several.
std::string panel_title(const TrainingCurve& curve, const std::vector<TrainingCurve>& curves) {
  for (const auto& other : curves)
    if (other.name == curve.name && other.recipe_hash != curve.recipe_hash)
      return curve.name + ", recipe " + curve.recipe_hash.substr(0, kRecipeDigits);
  return curve.name;
}

Panel panel_of(const TrainingCurve& curve, const std::string& title) {
  Panel panel{.row = "", .column = title, .series = {}};
  std::set<std::string> parts;
  for (const auto& point : curve.points)
    for (const auto& [part, loss] : point.losses) parts.insert(part);
  for (const auto& part : parts) {
    Series series{.label = part, .x = {}, .y = {}};
    for (const auto& point : curve.points)
      if (const auto found = point.losses.find(part); found != point.losses.end()) {
        series.x.push_back(static_cast<double>(point.step));
        series.y.push_back(found->second);
      }
    panel.series.push_back(std::move(series));
  }
  return panel;
}

}  // namespace

std::vector<std::string> training_sentences(const std::vector<TrainingCurve>& curves) {
  std::vector<std::string> sentences;
  for (const auto& curve : curves)
    if (!curve.points.empty()) sentences.push_back(sentence(curve));
  return sentences;
}

std::vector<Figure> training_figures(const std::vector<TrainingCurve>& curves) {
  std::vector<Figure> figures;
  for (const auto& curve : curves) {
    if (curve.points.empty()) continue;
    const std::string title = panel_title(curve, curves);
    LinePlot plot{.title = "Training losses",
                  .x_label = "optimiser step",
                  .y_label = "loss [nats]",
                  .log_y = true,
                  .labels = {},
                  .panels = {panel_of(curve, title)}};
    figures.push_back({.name = file_stem("training_" + title),
                       .caption = "Loss of each part of the training data of " + title +
                                  ", mean over the steps since the point before. Logarithmic scale.",
                       .svg = render_svg(plot)});
  }
  return figures;
}

Table training_rows(const std::vector<TrainingCurve>& curves) {
  Table table;
  table.columns = {"name", "recipe_hash", "step", "seconds", "tokens", "kind", "part", "value"};
  for (const auto& curve : curves)
    for (const auto& point : curve.points)
      for (const auto& [kind, numbers] : {std::pair{"loss", &point.losses}, std::pair{"metric", &point.metrics}})
        for (const auto& [part, value] : *numbers) {
          add_text_row(table,
                       {curve.name, curve.recipe_hash, std::to_string(point.step), fmt::format("{}", point.seconds),
                        std::to_string(point.tokens), std::string(kind), part, fmt::format("{}", value)});
        }
  return table;
}

}  // namespace freeact
