#include "model/kv_cache.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "util/error.h"

namespace freeact {
namespace {

at::Tensor room_for(const at::Tensor& x_BGTK, int64_t capacity) {
  return at::empty({x_BGTK.size(0), x_BGTK.size(1), capacity, x_BGTK.size(3)}, x_BGTK.options());
}

}  // namespace

std::pair<at::Tensor, at::Tensor> KvCache::update(int64_t block, int64_t begin, const at::Tensor& keys_BGTK,
                                                  const at::Tensor& values_BGTK) {
  if (std::ssize(blocks_) <= block) blocks_.resize(static_cast<size_t>(block) + 1);
  Entry& entry = blocks_[static_cast<size_t>(block)];
  if (!entry.keys.defined()) entry = {room_for(keys_BGTK, capacity_), room_for(values_BGTK, capacity_), 0};
  const int64_t end = begin + keys_BGTK.size(2);
  FREEACT_CHECK(begin <= entry.length && end <= capacity_, "positions {} to {} do not fit a cache of {} of {}", begin,
                end, entry.length, capacity_);
  entry.keys.slice(2, begin, end).copy_(keys_BGTK);
  entry.values.slice(2, begin, end).copy_(values_BGTK);
  entry.length = std::max(entry.length, end);
  return {entry.keys.slice(2, 0, entry.length), entry.values.slice(2, 0, entry.length)};
}

}  // namespace freeact
