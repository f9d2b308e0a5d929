// The forward passes of a sampler: all of the sequence, or the part of it that a key/value cache leaves to be computed;
// logits only where a prediction is wanted. Letters: B batch, L sequence length, T window, M places, D width, V
// vocabulary rows.
#pragma once

#include <optional>
#include <string>

#include "generation/acceleration.h"
#include "model/decoder.h"

namespace freeact {

class WindowedForward {
 public:
  // start [B, L] gives the lengths, and what classifier-free guidance hides from its unconditional half: all that is no
  // mask. attention_mask [B, L] may be undefined. model and statistics must outlive this.
  WindowedForward(const Decoder& model, const at::Tensor& start_BL, const at::Tensor& attention_mask_BL,
                  double cfg_scale, const std::string& kv_cache, DecodeStatistics& statistics);

  // The next pass runs the whole sequence; those after it only what positions from `begin` on (of the block up to
  // `end`, with the cache "dual") need.
  void begin_block(int64_t begin, int64_t end);

  // Logits [M, V] that predict the given places (row * L + column, in the block when there is a cache).
  at::Tensor logits(const at::Tensor& tokens_BL, const at::Tensor& places_M);

 private:
  struct Window {
    int64_t begin, end;
  };
  Window next_window() const;
  at::Tensor hidden(const at::Tensor& tokens_BL, const Window& window);
  at::Tensor predicting_rows(const at::Tensor& hidden_BTD, const at::Tensor& places_M, int64_t begin) const;
  bool guided() const { return cfg_scale_ != 0; }
  // What the decoder sees: with guidance also the batch without what was given, below the first. What was not given is
  // the answer.
  TokenBatch inputs(const at::Tensor& tokens_BL) const;

  const Decoder& model_;
  at::Tensor given_BL_;
  at::Tensor roles_BL_;  // of the decoder's input, both halves
  double cfg_scale_;
  std::string kv_cache_;
  DecodeStatistics& statistics_;
  int64_t length_;
  ForwardContext context_;  // of the whole sequence, but for the types
  std::optional<KvCache> cache_;
  bool cache_is_fresh_ = false;
  Window block_ = {0, 0};
};

}  // namespace freeact
