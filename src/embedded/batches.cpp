#include "embedded/batches.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "eval/puzzle_sets.h"

namespace freeact {
namespace {

constexpr double kLeastRatio = 0.02;  // bounds the weight 1 / t

}  // namespace

PuzzleSource::PuzzleSource(const PuzzleKind& kind, const Tokenizer& tokenizer, SequenceIds ids, uint64_t seed)
    : kind_(kind), tokenizer_(tokenizer), ids_(ids), seed_(seed) {
  for (const TaskItem& item : test_part(kind).items) test_inputs_.insert(item.input);
}

TrainingBatch PuzzleSource::batch(int64_t step, int64_t size) const {
  Random random(seed_, fmt::format("train {} step {}", kind_.name, step));
  std::set<std::string> taken = test_inputs_;
  const auto items = draw_distinct(kind_, random, static_cast<size_t>(size), taken);
  std::vector<int64_t> ids, targets;
  std::vector<float> weights;
  int64_t answer_positions = 0;
  for (size_t row = 0; row < items.size(); ++row) {
    const TokenSequence sequence = lay_out(kind_.layout, items[row], tokenizer_, ids_, kind_.name);
    const double ratio =
        std::max(kLeastRatio, (static_cast<double>(row) + random.uniform()) / static_cast<double>(size));
    for (size_t i = 0; i < sequence.target.size(); ++i) {
      const bool answer = sequence.masked[i] == ids_.mask;
      const bool masked = answer && random.uniform() < ratio;
      answer_positions += answer;
      ids.push_back(masked ? ids_.mask : sequence.target[i]);
      targets.push_back(sequence.target[i]);
      weights.push_back(masked ? static_cast<float>(1 / ratio) : 0.0F);
    }
  }
  const auto shaped = [&](auto& values) { return at::tensor(values).view({size, -1}); };
  return {shaped(ids), shaped(targets), shaped(weights) / static_cast<double>(answer_positions)};
}

}  // namespace freeact
