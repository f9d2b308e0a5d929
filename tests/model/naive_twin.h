// LLaDA and Dream written a second time: plain loops in double precision over the published definitions, with nothing
// of src/model or src/ops in it. Slow; for tiny models only.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace freeact::twin {

// Row-major [rows, columns]; a vector has one row.
struct Matrix {
  size_t rows = 0, columns = 0;
  std::vector<double> values;

  Matrix(size_t row_count, size_t column_count)
      : rows(row_count), columns(column_count), values(row_count * column_count) {}
  double& operator()(size_t row, size_t column) { return values[row * columns + column]; }
  double operator()(size_t row, size_t column) const { return values[row * columns + column]; }
};

using Weights = std::map<std::string, Matrix>;  // by published name

// Logits [tokens, vocabulary rows] of one sequence. real[i] is 0 at pads, whose own rows mean nothing. config is the
// published config.json; its model_type tells the family.
Matrix logits(const nlohmann::json& config, const Weights& weights, const std::vector<int64_t>& ids,
              const std::vector<int64_t>& real);

}  // namespace freeact::twin
