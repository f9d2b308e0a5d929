// Copies of one model that answer side by side, one on each GPU.
#pragma once

#include <functional>
#include <vector>

#include "model/decoder.h"

namespace freeact {

// Refers to the models, of which there is at least one. Which of them computes an item changes its result no more than
// the devices differ.
class Replicas {
 public:
  Replicas(const Decoder& only) : models_{&only} {}  // NOLINT(google-explicit-constructor): one model is its only copy
  explicit Replicas(const std::vector<Decoder>& models);

  // What they are alike in: configuration and rules.
  const Decoder& first() const { return *models_.front(); }
  const DecoderConfig& config() const { return first().config; }

  // Calls work(model, i) for every 0 <= i < count, without gradients; from a thread for each model where there are
  // several, so that work must bear that. The first exception ends it and is thrown here.
  void for_each(size_t count, const std::function<void(const Decoder& model, size_t i)>& work) const;

 private:
  std::vector<const Decoder*> models_;
};

}  // namespace freeact
