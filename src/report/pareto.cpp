#include "report/pareto.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "report/backends.h"
#include "report/comparison.h"
#include "report/format.h"
#include "report/plot.h"

namespace freeact {
namespace {

constexpr const char* kFront = "nothing is both faster and better";
constexpr const char* kSizeFront = "nothing is both smaller and better";

struct Point {
  std::string label;
  double cost = 0, accuracy = 0;
  double spread = std::nan("");  // of the accuracy
};

// The points that none exceeds in both, from the cheapest on.
Series front_of(std::vector<Point> points, const char* label) {
  std::ranges::sort(points, {}, [](const Point& point) { return std::pair(point.cost, -point.accuracy); });
  Series front{.label = label, .x = {}, .y = {}};
  for (const auto& point : points) {
    if (!front.y.empty() && point.accuracy <= front.y.back()) continue;
    front.x.push_back(point.cost);
    front.y.push_back(point.accuracy);
    front.spread.push_back(std::nan(""));
  }
  return front;
}

// Points of one name are joined in the order they have.
Panel panel_of(const std::string& row, const std::string& column, const std::vector<Point>& points, const char* front) {
  Panel panel{.row = row, .column = column, .series = {front_of(points, front)}};  // below the points
  for (const auto& point : points) {
    auto series = std::ranges::find(panel.series, point.label, &Series::label);
    if (series == panel.series.end())
      series = panel.series.insert(series, Series{.label = point.label, .x = {}, .y = {}});
    series->x.push_back(point.cost);
    series->y.push_back(point.accuracy);
    series->spread.push_back(point.spread);
  }
  return panel;
}

LinePlot empty_plot(const std::string& title, const std::string& x_label) {
  return {.title = title, .x_label = x_label, .y_label = {}, .any_x = true, .labels = {}, .panels = {}};
}

// The points' names first, so that they have the colours of other plots.
void name_series(LinePlot& plot, const char* front) {
  for (const auto& panel : plot.panels)
    for (const auto& series : panel.series)
      if (series.label != front && std::ranges::find(plot.labels, series.label) == plot.labels.end())
        plot.labels.push_back(series.label);
  plot.labels.emplace_back(front);
}

// The runs whose times are those of their method.
std::vector<const Run*> timed_runs(const Arm& arm, const std::vector<BackendTwins>& twins) {
  std::vector<const Run*> timed;
  for (const Run* run : arm.runs) {
    if (arm.method == "none" || backend_of(*run) != kSimulatedBackend) timed.push_back(run);
    for (const auto& [simulated, integer] : twins)
      if (simulated == run && arm.method != "none") timed.push_back(integer);
  }
  return timed;
}

double seconds_per_item(const Run& run) {
  size_t items = 0;
  for (const auto& task : run.tasks) items += task.size();
  return run.record.evaluation_s / static_cast<double>(items);
}

// At the mean of the accuracies of an arm's runs.
Point mean_point(const Arm& arm, double cost, const std::vector<double>& accuracies) {
  const Interval interval = t_interval(accuracies);
  return {arm.label, cost, interval.centre, interval.known() ? interval.half_width() : std::nan("")};
}

std::optional<Point> point_of(const Arm& arm, const Column& column, const std::vector<BackendTwins>& twins) {
  std::vector<double> seconds, accuracies;
  for (const Run* run : timed_runs(arm, twins)) {
    const auto accuracy = column_value(*run, column);
    if (!accuracy || !std::isfinite(seconds_per_item(*run))) continue;
    seconds.push_back(seconds_per_item(*run));
    accuracies.push_back(*accuracy);
  }
  if (seconds.empty()) return std::nullopt;
  return mean_point(arm, 1000 * mean(seconds), accuracies);
}

// Nothing where only the 16-bit model has a time.
std::vector<Point> points_of(const Setting& setting, const std::vector<BackendTwins>& twins) {
  const Column* column = accuracy_column(setting);
  std::vector<Point> points;
  bool quantised = false;
  for (const auto& arm : setting.arms) {
    const auto point = column == nullptr ? std::nullopt : point_of(arm, *column, twins);
    if (!point) continue;
    points.push_back(*point);
    quantised |= arm.method != "none";
  }
  return quantised ? points : std::vector<Point>();
}

std::optional<Point> size_point(const Arm& arm, const Column& column) {
  const auto accuracies = column_values(arm, column);
  const auto bytes = arm.runs[0]->record.model_bytes;
  if (accuracies.empty() || !bytes) return std::nullopt;
  return mean_point(arm, static_cast<double>(*bytes) / 1e6, accuracies);
}

// Of settings that differ in their bits alone. The 16-bit model may be in all of them.
std::vector<Point> size_points(const std::vector<const Setting*>& settings) {
  std::vector<Point> points;
  for (const Setting* setting : settings)
    for (const auto& arm : setting->arms) {
      const Column* column = accuracy_column(*setting);
      const auto point = column == nullptr ? std::nullopt : size_point(arm, *column);
      const auto is_same = [&](const Point& other) { return other.label == arm.label && other.cost == point->cost; };
      if (point && std::ranges::none_of(points, is_same)) points.push_back(*point);
    }
  return points;
}

// "decode/puzzle_dllm/sort/dual" is "dual" of "decode/puzzle_dllm/sort".
std::pair<std::string, std::string> split_name(const std::string& name) {
  const size_t slash = name.rfind('/');
  if (slash == std::string::npos) return {"", name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

bool is_accuracy(const LatencyRow& row) {
  return std::isfinite(row.accuracy) && (row.accuracy_kind == "exact match" || row.accuracy_kind == "equal tokens");
}

// What is paid for accuracy, and what is said of the rivals that none exceeds in both.
struct Price {
  std::string title, name, x_label;
  const char* front;
  std::function<double(const LatencyRow&)> of;
};

std::optional<Figure> latency_pareto(const std::vector<LatencyRow>& rows, const Price& price) {
  std::map<std::pair<std::string, std::string>, std::map<std::string, Point>> groups;  // the newest of each name
  for (const auto& row : rows)
    if (is_accuracy(row) && std::isfinite(price.of(row))) {
      const auto [group, rival] = split_name(row.name);
      groups[{row.accuracy_kind + " [%]", group}][rival] = {rival, price.of(row), row.accuracy};
    }
  LinePlot plot = empty_plot(price.title, price.x_label);
  for (const auto& [key, by_rival] : groups) {
    std::vector<Point> points;
    for (const auto& [rival, point] : by_rival) points.push_back(point);
    if (points.size() > 1) plot.panels.push_back(panel_of(key.first, key.second, points, price.front));
  }
  if (plot.panels.empty()) return std::nullopt;
  name_series(plot, price.front);
  return Figure{.name = price.name,
                .caption = fmt::format("Each rival of the benchmarks that measured accuracy, its newest row; the line "
                                       "joins those of which {}.",
                                       price.front),
                .svg = render_svg(plot)};
}

}  // namespace

std::optional<Figure> method_pareto(const std::vector<Run>& runs, const std::vector<Setting>& settings) {
  const auto twins = backend_twins(runs);
  LinePlot plot = empty_plot("Accuracy against time, with integers", "ms for an answer");
  for (const auto& setting : settings)
    if (const auto points = points_of(setting, twins); !points.empty())
      plot.panels.push_back(panel_of(accuracy_column(setting)->heading + " [%]", setting.title, points, kFront));
  if (plot.panels.empty()) return std::nullopt;
  name_series(plot, kFront);
  return Figure{.name = "pareto_methods",
                .caption =
                    "Mean over seeds of the accuracy with its 95% t interval, against the time of the whole evaluation "
                    "over its items. Methods as they ran with integers, the 16-bit model with floats; cells that ran "
                    "side by side slow each other down. Simulated quantisation is left out: its time says nothing. The "
                    "line joins those of which nothing is both faster and better.",
                .svg = render_svg(plot)};
}

std::optional<Figure> size_pareto(const std::vector<Setting>& settings) {
  LinePlot plot = empty_plot("Accuracy against size", "size, MB");
  for (const auto& [origin, members] : by_origin(settings)) {
    const Setting& first = *members[0];
    const Column* column = accuracy_column(first);
    const auto points = size_points(members);
    if (members.size() < 2 || column == nullptr || points.empty()) continue;
    plot.panels.push_back(
        panel_of(column->heading + " [%]", fmt::format("{}, {}", first.experiment, first.model), points, kSizeFront));
  }
  if (plot.panels.empty()) return std::nullopt;
  name_series(plot, kSizeFront);
  return Figure{.name = "pareto_size",
                .caption =
                    "Mean over seeds of the accuracy with its 95% t interval, against the size of the model at each "
                    "bit width: weights, scales and transforms, integers packed and all other numbers in 16 bits. The "
                    "line joins those of which nothing is both smaller and better.",
                .svg = render_svg(plot)};
}

std::vector<Figure> latency_paretos(const std::vector<LatencyRow>& rows) {
  const Price time = {"Accuracy against time", "pareto_time", "ms", kFront,
                      [](const LatencyRow& row) { return 1000 * row.median_s; }};
  const Price memory = {"Accuracy against memory", "pareto_memory", "peak memory, MiB", kSizeFront,
                        [](const LatencyRow& row) { return row.peak_memory_mib; }};
  std::vector<Figure> figures;
  for (const auto& price : {time, memory})
    if (auto figure = latency_pareto(rows, price)) figures.push_back(*std::move(figure));
  return figures;
}

}  // namespace freeact
