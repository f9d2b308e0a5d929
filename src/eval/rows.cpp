#include "eval/rows.h"

#include <ATen/ATen.h>

#include <numeric>

namespace freeact {

Rows all_rows(size_t count) {
  Rows rows(count);
  std::iota(rows.begin(), rows.end(), size_t{0});
  return rows;
}

std::vector<Rows> cut_rows(const Rows& rows, int64_t batch_size) {
  std::vector<Rows> batches;
  for (const size_t row : rows) {
    if (batches.empty() || std::ssize(batches.back()) == batch_size) batches.emplace_back();
    batches.back().push_back(row);
  }
  return batches;
}

at::Tensor stack_rows(const std::vector<std::vector<int64_t>>& sequences, const Rows& rows) {
  std::vector<at::Tensor> tensors;
  for (const size_t row : rows) tensors.push_back(at::tensor(sequences[row]));
  return at::stack(tensors);
}

}  // namespace freeact
