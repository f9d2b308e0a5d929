// Sequences of a task put into batches.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace freeact {

using Rows = std::vector<size_t>;  // indices of sequences

// 0 to count - 1.
Rows all_rows(size_t count);

// Batches of at most batch_size rows, in their order.
std::vector<Rows> cut_rows(const Rows& rows, int64_t batch_size);

// [rows, T] of sequences that have one length.
at::Tensor stack_rows(const std::vector<std::vector<int64_t>>& sequences, const Rows& rows);

}  // namespace freeact
