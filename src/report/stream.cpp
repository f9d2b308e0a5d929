#include "report/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "report/config_lines.h"
#include "report/format.h"
#include "report/plot.h"
#include "report/statistics.h"

namespace freeact {
namespace {

constexpr const char* kFrozen = "frozen";
constexpr const char* kRecalibrated = "recalibrated";
constexpr const char* kAllTypes = "";
constexpr const char* kErrorRow = "||ŷ − y||² / ||y||²";
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Streams that differ in their seeds alone.
struct StreamGroup {
  std::string title;
  std::vector<const StreamRecord*> streams;

  const StreamRecord& first() const { return *streams.front(); }
};

std::string variant_of(const StreamRecord& stream) {
  std::string variant = stream.checkpoint_hash;
  for (const auto& line : config_lines(stream.resolved_config))
    if (line.path != "seed" && line.path != "launcher" && !line.path.starts_with("launcher."))
      variant += '\n' + line.text;
  return variant;
}

int num_windows(const StreamRecord& stream) {
  int windows = 0;
  for (const auto& point : stream.points) windows = std::max(windows, point.window + 1);
  return windows;
}

std::string data_of(const StreamRecord& stream, bool after) {
  for (const auto& point : stream.points)
    if ((point.window >= stream.shift_at) == after) return point.data;
  return std::string(kMissing);
}

std::string title_of(const StreamRecord& stream) {
  return fmt::format("{}, {}, {}, {} → {}", stream.model, method_label(stream.method), stream.bits,
                     data_of(stream, false), data_of(stream, true));
}

// A number behind titles that several configurations share.
std::vector<StreamGroup> group_streams(const std::vector<StreamRecord>& streams) {
  std::vector<StreamGroup> groups;
  std::map<std::string, size_t> place;
  std::map<std::string, int> title_uses;
  for (const auto& stream : streams) {
    const auto [found, is_new] = place.try_emplace(variant_of(stream), groups.size());
    if (is_new) {
      const std::string title = title_of(stream);
      const int use = ++title_uses[title];
      groups.push_back({use == 1 ? title : fmt::format("{} ({})", title, use), {}});
    }
    groups[found->second].streams.push_back(&stream);
  }
  return groups;
}

std::vector<std::string> types_of(const StreamGroup& group) {
  std::vector<std::string> types = {kAllTypes};
  for (const auto& point : group.first().points)
    if (std::find(types.begin(), types.end(), point.token_type) == types.end()) types.push_back(point.token_type);
  if (types.size() == 2) types.pop_back();  // one type is all there are
  return types;
}

std::string type_title(const std::string& type) {
  return type.empty() ? "all tokens" : type + " tokens";
}

using Value = double StreamPoint::*;

// One value for each stream of the group.
std::vector<double> means(const StreamGroup& group, Value value, const std::string& arm, int begin, int end,
                          const std::string& type) {
  std::vector<double> values;
  for (const StreamRecord* stream : group.streams)
    values.push_back(mean_of_stream(*stream, value, arm, begin, end, type));
  return values;
}

Series series_of(const StreamGroup& group, Value value, const std::string& arm, const std::string& type) {
  Series series{.label = arm, .x = {}, .y = {}};
  for (int window = 0; window < num_windows(group.first()); ++window) {
    series.x.push_back(window);
    series.y.push_back(mean(means(group, value, arm, window, window + 1, type)));
  }
  return series;
}

Figure figure_of(const StreamGroup& group) {
  LinePlot plot{.title = "Adapting on a stream, " + group.title,
                .x_label = "window",
                .y_label = "",
                .own_rows = true,
                .log_rows = {kErrorRow},
                .labels = stream_arms(group.first()),
                .panels = {}};
  plot.mark_x = group.first().shift_at - 0.5;
  for (const auto& [row, value] :
       {std::pair{kErrorRow, &StreamPoint::relative_error}, std::pair{"drift", &StreamPoint::drift}})
    for (const auto& type : types_of(group)) {
      Panel panel{.row = row, .column = type_title(type), .series = {}};
      for (const auto& arm : plot.labels)
        if (value != &StreamPoint::drift || arm != kRecalibrated)
          panel.series.push_back(series_of(group, value, arm, type));
      plot.panels.push_back(std::move(panel));
    }
  return {.name = file_stem("stream_" + group.title),
          .caption =
              "Above: relative error of every window, measured before anything is learnt from it, mean over "
              "layers, sites and seeds, logarithmic. Below: how far the second moments of the sites' inputs have moved "
              "since "
              "directions were last chosen, once the window is learnt. Dashed: the data change.",
          .svg = render_svg(plot)};
}

// "0.0123 ± 0.0004", or what stands for a number that not every seed has.
std::string error_text(const std::vector<double>& errors) {
  if (std::any_of(errors.begin(), errors.end(), [](double e) { return !std::isfinite(e); }))
    return std::string(kMissing);
  std::string text = fmt::format("{:#.3g}", mean(errors));
  if (const Interval interval = t_interval(errors); interval.known())
    text += fmt::format(" ± {:.2g}", interval.half_width());
  return text;
}

// Of shares: "−25 ± 3 %".
std::string percent_text(const std::vector<double>& shares) {
  if (std::any_of(shares.begin(), shares.end(), [](double s) { return !std::isfinite(s); }))
    return std::string(kMissing);
  const double percent = std::round(100 * mean(shares));
  std::string text = fmt::format("{}{:.0f}", percent < 0 ? "−" : "", std::abs(percent));
  if (const Interval interval = t_interval(shares); interval.known())
    text += fmt::format(" ± {:.0f}", 100 * interval.half_width());
  return text + " %";
}

// Per stream, of the windows behind the first one of the new data: what adapting has done there.
struct After {
  std::vector<double> errors, against_frozen, gap_closed;
};

After after_shift(const StreamGroup& group, const std::string& arm, const std::string& type) {
  const int begin = group.first().shift_at + 1, end = num_windows(group.first());
  const auto errors_of = [&](const std::string& of) {
    return means(group, &StreamPoint::relative_error, of, begin, end, type);
  };
  const auto frozen = errors_of(kFrozen), anew = errors_of(kRecalibrated);
  After after{.errors = errors_of(arm), .against_frozen = {}, .gap_closed = {}};
  std::vector<double> gaps;
  for (size_t i = 0; i < frozen.size(); ++i) {
    after.against_frozen.push_back(after.errors[i] / frozen[i] - 1);
    gaps.push_back(frozen[i] - anew[i]);
    after.gap_closed.push_back(gaps[i] > 0 ? (frozen[i] - after.errors[i]) / gaps[i] : kNaN);
  }
  // Of a gap that may be none there is no share.
  if (const Interval gap = t_interval(gaps); gap.known() && !gap.excludes_zero()) after.gap_closed.assign(1, kNaN);
  return after;
}

std::vector<TableCell> row_of(const StreamGroup& group, const std::string& arm, const std::string& type) {
  const int shift = group.first().shift_at;
  const auto errors = [&](int begin, int end) {
    return error_text(means(group, &StreamPoint::relative_error, arm, begin, end, type));
  };
  const After after = after_shift(group, arm, type);
  const bool is_end = arm == kFrozen || arm == kRecalibrated;
  return {text_cell(type.empty() ? "all" : type),
          text_cell(arm),
          text_cell(errors(0, shift)),
          text_cell(errors(shift, shift + 1)),
          text_cell(error_text(after.errors)),
          text_cell(arm == kFrozen ? std::string(kMissing) : percent_text(after.against_frozen)),
          text_cell(is_end ? std::string(kMissing) : percent_text(after.gap_closed))};
}

Table table_of(const StreamGroup& group) {
  const StreamRecord& first = group.first();
  Table table{.name = file_stem("stream_" + group.title),
              .title = "Error on a stream, " + group.title,
              .caption = fmt::format(
                  "Mean of ||ŷ − y||² / ||y||² over layers, sites and token types, then over {} ± half width of the "
                  "95% t interval. Before: windows 0 to {}; at the shift: window {}, when nothing has adapted yet; "
                  "after: windows {} to {}. Gap closed: how far an arm goes from frozen to recalibrated after the "
                  "shift; – where calibrating anew does not surely lower the error.",
                  count_of(group.streams.size(), "seed"), first.shift_at - 1, first.shift_at, first.shift_at + 1,
                  num_windows(first) - 1),
              .columns = {"Tokens", "Arm", "Before", "At the shift", "After", "Against frozen", "Gap closed"},
              .rows = {},
              .num_text_columns = 2};
  for (const auto& type : types_of(group))
    for (const auto& arm : stream_arms(first)) table.rows.push_back(row_of(group, arm, type));
  return table;
}

}  // namespace

std::vector<ReportBlock> stream_blocks(const std::vector<StreamRecord>& streams) {
  std::vector<ReportBlock> blocks;
  if (streams.empty()) return blocks;
  blocks.push_back(Heading{"Streams: adapting calibration"});
  blocks.push_back(Paragraph{
      "A model is calibrated on the first data and then meets others. Frozen: as it was calibrated. Means: the mean of "
      "every token type and site follows the stream, a change of biases alone. Directions: those that go past the "
      "quantiser in 16 bits are chosen anew where the inputs' second moment has drifted past the threshold. Integer "
      "weights never change. Recalibrated: the whole method on the second data. Every window is measured before "
      "anything is learnt from it."});
  for (const auto& group : group_streams(streams)) {
    blocks.push_back(figure_of(group));
    blocks.push_back(table_of(group));
  }
  return blocks;
}

Table stream_rows(const std::vector<StreamRecord>& streams) {
  Table table;
  table.columns = {"key",      "experiment", "model",          "method", "bits",   "seed",
                   "shift_at", "arm",        "window",         "data",   "layer",  "site",
                   "tokens",   "token_type", "relative_error", "drift",  "machine"};
  for (const auto& s : streams)
    for (const auto& p : s.points) {
      add_text_row(table,
                   {s.key, s.experiment, s.model, s.method, s.bits, std::to_string(s.seed), std::to_string(s.shift_at),
                    p.arm, std::to_string(p.window), p.data, std::to_string(p.layer), p.site, std::to_string(p.tokens),
                    p.token_type, fmt::format("{}", p.relative_error), fmt::format("{}", p.drift), s.machine});
    }
  return table;
}

}  // namespace freeact
