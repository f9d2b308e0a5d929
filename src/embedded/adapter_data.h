// Training data of an adapter, drawn afresh at every step: the same step of the same seed always sees the same
// sequences and masks.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "embedded/packing.h"
#include "eval/puzzles.h"

namespace freeact {

// Masks floor(share n) + 1 of the n predictable positions, share in [0, 1), with weights that sum to 1. With a uniform
// share the expected loss is the mean over the positions of what one step of LLaDA's bound gives for a uniform time t
// and the weight 1 / t (Nie et al., 2025, equations 3 and 14), with less variance and without masks that are missing.
TrainingSequence mask_share(const std::vector<int64_t>& targets, std::vector<size_t> predictable, double share,
                            int64_t mask_id, Random& random);

// The share of row `row` of `rows`: uniform, and stratified over the rows.
double stratified_share(int64_t row, int64_t rows, Random& random);

// Puzzles: only the answer is ever masked, as in LLaDA's supervised fine-tuning. No sequence has the input of a test or
// a calibration item.
class PuzzleSequences {
 public:
  // tokenizer must outlive the source.
  PuzzleSequences(const PuzzleKind& kind, const Tokenizer& tokenizer, SequenceIds ids, uint64_t seed);
  std::vector<TrainingSequence> draw(int64_t step, int64_t count) const;

 private:
  const PuzzleKind& kind_;
  const Tokenizer& tokenizer_;
  const SequenceIds ids_;
  const uint64_t seed_;
  std::set<std::string> held_out_inputs_;
};

// Plain text: any position of a segment but the first may be masked. The last tenth is held out.
class TextSequences {
 public:
  // Throws UserError when the file is too short or has another SHA-256 than the one given ("": any).
  TextSequences(const std::filesystem::path& file, const std::string& sha256, const Tokenizer& tokenizer,
                int64_t segment_tokens, int64_t mask_id, uint64_t seed);
  std::vector<TrainingSequence> draw(int64_t step, int64_t count) const;

  // `count` held-out segments, equally spaced, with round(ratio n) of their n tokens masked; the weights are 1.
  std::vector<TrainingSequence> held_out(int64_t count, double ratio) const;
  // Nats for each of the targets' masked tokens by the counts of the training part plus one.
  double unigram_nll(const std::vector<TrainingSequence>& sequences, int64_t vocabulary) const;

 private:
  std::vector<int64_t> segment(size_t begin) const;

  std::vector<int64_t> tokens_;
  size_t training_tokens_;
  const int64_t segment_tokens_, mask_id_;
  const uint64_t seed_;
  std::map<int64_t, int64_t> counts_;
  std::string name_;
};

}  // namespace freeact
