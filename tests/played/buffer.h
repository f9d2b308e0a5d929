// Memory of a played device with guards on both sides, which tell when something was written outside of it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace freeact::cuda {

template <class T>
class PlayedBuffer {
 public:
  explicit PlayedBuffer(size_t count)
      : count_(count), bytes_(kGuard + (count * sizeof(T) + 15) / 16 * 16 + kGuard, kMark) {}
  template <class Range>
  static PlayedBuffer of(const Range& values) {
    PlayedBuffer buffer(values.size());
    for (size_t i = 0; i < values.size(); ++i) buffer.data()[i] = values[i];
    return buffer;
  }
  ~PlayedBuffer() {
    for (size_t i = 0; i < bytes_.size(); ++i) {
      const bool inside = i >= offset() && i < offset() + count_ * sizeof(T);
      if (!inside && bytes_[i] != kMark) {
        ADD_FAILURE() << "written outside a buffer of " << count_ << " elements";
        return;
      }
    }
  }
  PlayedBuffer(const PlayedBuffer&) = delete;
  PlayedBuffer& operator=(const PlayedBuffer&) = delete;
  PlayedBuffer(PlayedBuffer&&) noexcept = default;

  T* data() { return reinterpret_cast<T*>(bytes_.data() + offset()); }
  T& operator[](size_t i) { return data()[i]; }
  size_t size() const { return count_; }

 private:
  static constexpr size_t kGuard = 128;
  static constexpr uint8_t kMark = 0x5a;
  size_t offset() const {  // 16-byte aligned
    const auto at = reinterpret_cast<uintptr_t>(bytes_.data());
    return kGuard / 2 + (16 - at % 16) % 16;
  }

  size_t count_;
  std::vector<uint8_t> bytes_;
};

}  // namespace freeact::cuda
