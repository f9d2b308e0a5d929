#include "embedded/adapter_evaluation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "eval/puzzle_sets.h"
#include "eval/scoring.h"

namespace freeact {
namespace {

constexpr double kMaskRatios[] = {0.15, 0.4, 0.7};

}  // namespace

double puzzle_accuracy(const PuzzleKind& kind, int64_t items, AdaptedModel& model, const Tokenizer& tokenizer) {
  DatasetPart part = calibration_part(kind);
  part.items.resize(std::min(part.items.size(), static_cast<size_t>(items)));
  EvalTaskSettings settings;
  settings.name = kind.name;
  return evaluate_generation({part}, settings, model.snapshot(), tokenizer, /*seed=*/0).metrics.front().value;
}

TextLikelihood text_likelihood(const TextSequences& text, int64_t segments, const AdaptedModel& model,
                               int64_t row_tokens) {
  const at::NoGradGuard no_grad;
  TextLikelihood result;
  for (const double ratio : kMaskRatios) {
    const auto sequences = text.held_out(segments, ratio);
    const std::string name = fmt::format("{}", ratio);
    result.model[name] = model.losses(pack(sequences, row_tokens, /*pad_id=*/0)).mean().item<double>();
    result.unigram[name] = text.unigram_nll(sequences, model.config().vocabulary_rows);
  }
  return result;
}

}  // namespace freeact
