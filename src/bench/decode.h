// Decoding with a diffusion model, plain and accelerated, as a benchmark. Letters: L sequence length.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/benchmark.h"
#include "generation/acceleration.h"
#include "model/decoder.h"

namespace freeact {

struct DecodeRival {
  std::string name;
  Acceleration acceleration;
};
// All of them, in one visible table, the baseline first.
const std::vector<DecodeRival>& decode_rivals();
std::vector<std::string> rival_names(const std::function<bool(const Acceleration&)>& wanted);

// One answer to be written, one token a step.
struct DecodeTask {
  at::Tensor start_1L;
  int64_t region = 0;  // column of the first block
  int64_t block_length = 1;
  int64_t num_blocks = 1, steps_per_block = 1;
  int64_t num_masks = 0;
};

// Blocks of block_length that end with the sequence and reach back over everything from column `begin` on; the first
// one may cover some of the prompt. Throws UserError when that is longer than the sequence.
DecodeTask make_decode_task(const std::vector<int64_t>& ids, int64_t begin, int64_t block_length, int64_t mask_id);

// The completed ids, by the sampler of the model's family. Throws UserError when the model is no diffusion model.
std::vector<int64_t> decode(const Decoder& model, const DecodeTask& task, const Acceleration& acceleration,
                            DecodeStatistics* statistics = nullptr);

using Answers = std::vector<std::vector<int64_t>>;

// Everything the rivals of a group share.
struct DecodeSet {
  Decoder model;
  std::string name, checkpoint_hash, note;
  std::vector<DecodeTask> tasks;
  size_t timed_tasks = 1;  // the first ones
  std::string accuracy_kind;
  std::function<double(const Answers& answers)> accuracy;  // %, of the answers to all tasks
};

// The rivals decode the same tasks, one at a time.
Contest decode_contest(std::shared_ptr<const DecodeSet> set, const std::vector<std::string>& rivals);

}  // namespace freeact
