// What the decode benchmarks decode: the answers of a task by a checkpoint, or random tokens by random weights.
#pragma once

#include <memory>
#include <string>

#include "bench/decode.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

struct BenchCheckpoint {
  std::string name;
  std::string hash;
  Decoder model;
  Tokenizer tokenizer;
};
BenchCheckpoint load_bench_checkpoint(const std::filesystem::path& folder, const std::string& name);

// The test items of datasets/TASK, scored by exact match. One block when in_one_block, else blocks of
// settings.block_length, by default a third of the longest answer (Dream: one block).
std::shared_ptr<const DecodeSet> task_set(const BenchSettings& settings, const BenchCheckpoint& checkpoint,
                                          const std::string& task, bool in_one_block);

// A model in LLaDA's form: width, layers and vocabulary much smaller than a published one, prompt and answer not, so
// that the ratio of answer, block and prompt is a real one.
struct RandomShape {
  int64_t width = 256, heads = 8, layers = 4, mlp_width = 768, vocabulary = 1024;
  int64_t prompt = 256, answer = 128, block = 32;
  int64_t answers = 2;
};
Decoder random_llada(const RandomShape& shape, uint64_t seed);

// Accuracy is the share of tokens that equal those of unaccelerated decoding.
std::shared_ptr<const DecodeSet> random_set(const BenchSettings& settings, const RandomShape& shape);

}  // namespace freeact
