// Keys and values of every block, kept between forward passes. Letters: B batch, G key/value heads, S positions of the
// whole sequence, T positions of one pass, K head width.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace freeact {

// Holds keys after the rotary embedding, and both as the KvPath leaves them, so that no pass has to touch them again.
// A pass over the whole sequence fills it; a later pass over some of the positions replaces theirs and sees the others
// as they were. Without gradients only.
class KvCache {
 public:
  explicit KvCache(int64_t capacity) : capacity_(capacity) {}

  // Stores the keys and values [B, G, T, K] of the positions from `begin` on; returns those of all positions so far
  // [B, G, S, K], which later calls may overwrite.
  std::pair<at::Tensor, at::Tensor> update(int64_t block, int64_t begin, const at::Tensor& keys_BGTK,
                                           const at::Tensor& values_BGTK);

 private:
  struct Entry {
    at::Tensor keys, values;  // [B, G, capacity, K]
    int64_t length = 0;       // positions that hold anything
  };
  int64_t capacity_;
  std::vector<Entry> blocks_;
};

}  // namespace freeact
