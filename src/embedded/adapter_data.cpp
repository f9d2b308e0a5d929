#include "embedded/adapter_data.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/puzzle_sets.h"
#include "util/error.h"
#include "util/files.h"
#include "util/hash.h"

namespace freeact {
namespace {

std::vector<size_t> all_but_first(size_t length) {
  std::vector<size_t> positions(length - 1);
  std::iota(positions.begin(), positions.end(), size_t{1});
  return positions;
}

TrainingSequence unmasked(const std::vector<int64_t>& targets) {
  return {targets, targets, std::vector<float>(targets.size(), 0.0F), 0};
}

void mask(TrainingSequence& sequence, size_t position, int64_t mask_id, double weight) {
  sequence.ids[position] = mask_id;
  sequence.weights[position] = static_cast<float>(weight);
}

}  // namespace

double stratified_share(int64_t row, int64_t rows, Random& random) {
  return (static_cast<double>(row) + random.uniform()) / static_cast<double>(rows);
}

TrainingSequence mask_share(const std::vector<int64_t>& targets, std::vector<size_t> predictable, double share,
                            int64_t mask_id, Random& random) {
  TrainingSequence sequence = unmasked(targets);
  random.shuffle(predictable);
  predictable.resize(static_cast<size_t>(share * static_cast<double>(predictable.size())) + 1);
  for (const size_t position : predictable)
    mask(sequence, position, mask_id, 1 / static_cast<double>(predictable.size()));
  return sequence;
}

PuzzleSequences::PuzzleSequences(const PuzzleKind& kind, const Tokenizer& tokenizer, SequenceIds ids, uint64_t seed)
    : kind_(kind), tokenizer_(tokenizer), ids_(ids), seed_(seed) {
  for (const DatasetPart& part : {test_part(kind), calibration_part(kind)})
    for (const TaskItem& item : part.items) held_out_inputs_.insert(item.input);
}

std::vector<TrainingSequence> PuzzleSequences::draw(int64_t step, int64_t count) const {
  Random random(seed_, fmt::format("adapt {} step {}", kind_.name, step));
  std::set<std::string> taken = held_out_inputs_;
  std::vector<TrainingSequence> sequences;
  for (const TaskItem& item : draw_distinct(kind_, random, static_cast<size_t>(count), taken)) {
    const TokenSequence laid_out = lay_out(kind_.layout, item, tokenizer_, ids_, kind_.name);
    std::vector<size_t> answer;
    for (size_t i = 0; i < laid_out.masked.size(); ++i)
      if (laid_out.masked[i] == ids_.mask) answer.push_back(i);
    const double share = stratified_share(std::ssize(sequences), count, random);
    sequences.push_back(mask_share(laid_out.target, answer, share, ids_.mask, random));
  }
  return sequences;
}

TextSequences::TextSequences(const std::filesystem::path& file, const std::string& wanted_sha256,
                             const Tokenizer& tokenizer, int64_t segment_tokens, int64_t mask_id, uint64_t seed)
    : segment_tokens_(segment_tokens), mask_id_(mask_id), seed_(seed), name_(file.filename().string()) {
  const std::string text = read_file(file);
  if (!wanted_sha256.empty() && sha256(text) != wanted_sha256)
    throw UserError("{} is another file than the recipe's: its SHA-256 is {}", file.string(), sha256(text));
  tokens_ = tokenizer.encode(text);
  training_tokens_ = tokens_.size() - tokens_.size() / 10;
  if (tokens_.size() / 10 < static_cast<size_t>(2 * segment_tokens))
    throw UserError("{} has {} tokens: a training text needs at least {}", file.string(), tokens_.size(),
                    20 * segment_tokens);
  for (size_t i = 0; i < training_tokens_; ++i) ++counts_[tokens_[i]];
}

std::vector<int64_t> TextSequences::segment(size_t begin) const {
  const auto first = tokens_.begin() + static_cast<int64_t>(begin);
  return {first, first + segment_tokens_};
}

std::vector<TrainingSequence> TextSequences::draw(int64_t step, int64_t count) const {
  Random random(seed_, fmt::format("adapt {} step {}", name_, step));
  const auto places = static_cast<uint64_t>(training_tokens_) - static_cast<uint64_t>(segment_tokens_) + 1;
  std::vector<TrainingSequence> sequences;
  for (int64_t i = 0; i < count; ++i) {
    const auto targets = segment(random.below(places));
    const double share = stratified_share(i, count, random);
    sequences.push_back(mask_share(targets, all_but_first(targets.size()), share, mask_id_, random));
  }
  return sequences;
}

std::vector<TrainingSequence> TextSequences::held_out(int64_t count, double ratio) const {
  const size_t room = tokens_.size() - training_tokens_ - static_cast<size_t>(segment_tokens_);
  std::vector<TrainingSequence> sequences;
  for (int64_t i = 0; i < count; ++i) {
    Random random(seed_, fmt::format("held out {} {} at {}", name_, i, ratio));
    sequences.push_back(
        unmasked(segment(training_tokens_ + room * static_cast<size_t>(i) / static_cast<size_t>(count))));
    auto positions = all_but_first(static_cast<size_t>(segment_tokens_));
    random.shuffle(positions);
    positions.resize(static_cast<size_t>(std::lround(ratio * static_cast<double>(positions.size()))));
    for (const size_t position : positions) mask(sequences.back(), position, mask_id_, 1);
  }
  return sequences;
}

double TextSequences::unigram_nll(const std::vector<TrainingSequence>& sequences, int64_t vocabulary) const {
  double nll = 0, count = 0;
  for (const TrainingSequence& sequence : sequences) {
    for (size_t i = 0; i < sequence.ids.size(); ++i) {
      if (sequence.weights[i] == 0) continue;
      const auto found = counts_.find(sequence.targets[i]);
      const double seen = found == counts_.end() ? 0 : static_cast<double>(found->second);
      nll -= std::log((seen + 1) / static_cast<double>(training_tokens_ + static_cast<size_t>(vocabulary)));
      ++count;
    }
  }
  return nll / count;
}

}  // namespace freeact
