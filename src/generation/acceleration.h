// Faster, approximate unmasking after Fast-dLLM (Wu et al., 2025): a block-wise key/value cache and parallel writing of
// confident predictions.
#pragma once

#include <cstdint>
#include <string>

namespace freeact {

struct Acceleration {
  // Keys and values kept between the steps of a block. "none": every step runs the whole sequence. The others run it in
  // the first step of a block only; "prefix" then runs what begins with the block, "dual" the block alone.
  std::string kv_cache = "none";
  // A step also writes every position of its block whose confidence exceeds this, and at least one position of a row
  // that has any left. 0: only what the schedule says.
  double threshold = 0;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("kv_cache", kv_cache, "none, prefix or dual: what a block's later steps do not compute again");
    visit("threshold", threshold, "also write what is more confident than this; 0: off");
  }
  bool cached() const { return kv_cache != "none"; }
  bool enabled() const { return cached() || threshold > 0; }
};

// Throws UserError on an unknown cache or a threshold outside [0, 1).
void check_settings(const Acceleration& acceleration);

// What a run of a sampler computed.
struct DecodeStatistics {
  int64_t forward_passes = 0;  // calls of the decoder
  int64_t positions = 0;       // token positions of all rows in all passes; guidance computes each twice
  int64_t steps = 0;           // denoising steps taken; one that writes nothing needs no pass
};

}  // namespace freeact
