// Rows of a table that belong to one site, over layers and seeds.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "report/analysis.h"
#include "report/plot.h"

namespace freeact {

template <typename Row>
using RowValue = std::function<double(const Row&)>;
template <typename Row>
using RowGroup = std::vector<const Row*>;

// Names in order of first appearance in these rows of the runs.
template <typename Row>
std::vector<std::string> distinct_names(const std::vector<const Run*>& runs, std::vector<Row> RunRecord::*rows,
                                        std::string Row::*name) {
  std::vector<std::string> names;
  for (const Run* run : runs)
    for (const Row& row : run->record.*rows)
      if (std::find(names.begin(), names.end(), row.*name) == names.end()) names.push_back(row.*name);
  return names;
}

// Of all runs of a setting.
template <typename Row>
std::vector<std::string> distinct_names(const Setting& setting, std::vector<Row> RunRecord::*rows,
                                        std::string Row::*name) {
  std::vector<const Run*> runs;
  for (const auto& arm : setting.arms) runs.insert(runs.end(), arm.runs.begin(), arm.runs.end());
  return distinct_names(runs, rows, name);
}

template <typename Row, typename Keep>
RowGroup<Row> rows_where(const std::vector<const Run*>& runs, std::vector<Row> RunRecord::*rows, const Keep& keep) {
  RowGroup<Row> group;
  for (const Run* run : runs)
    for (const Row& row : run->record.*rows)
      if (keep(row)) group.push_back(&row);
  return group;
}

template <typename Row>
std::map<int, std::vector<double>> by_layer(const RowGroup<Row>& group, const RowValue<Row>& value) {
  std::map<int, std::vector<double>> layers;
  for (const Row* row : group) layers[row->layer].push_back(value(*row));
  return layers;
}

// Over layers of the means over seeds; NaN for an empty group.
template <typename Row>
double mean_over_layers(const RowGroup<Row>& group, const RowValue<Row>& value) {
  std::vector<double> means;
  for (const auto& [layer, values] : by_layer(group, value)) means.push_back(mean(values));
  return mean(means);
}

// The mean over seeds at every layer.
template <typename Row>
Series layer_series(const RowGroup<Row>& group, const std::string& label, const RowValue<Row>& value) {
  Series series{.label = label, .x = {}, .y = {}};
  for (const auto& [layer, values] : by_layer(group, value)) {
    series.x.push_back(layer);
    series.y.push_back(mean(values));
  }
  return series;
}

}  // namespace freeact
