#include <ATen/ATen.h>

#include <cmath>

#include "eval/rows.h"
#include "eval/scoring.h"
#include "util/hash.h"
#include "util/random.h"

namespace freeact {
namespace {

// What is masked in turn: the items of a data set's part, or the segments of a text.
struct MaskableSequences {
  std::string name;
  std::vector<TokenSequence> sequences;
};

// round(ratio n), at least one, of the n masks of a sequence stay; the other tokens are shown.
std::vector<int64_t> mask_share(const TokenSequence& sequence, int64_t mask_id, double ratio, Random random) {
  std::vector<size_t> answer;
  for (size_t i = 0; i < sequence.masked.size(); ++i)
    if (sequence.masked[i] == mask_id) answer.push_back(i);
  random.shuffle(answer);
  const auto count = std::max(1.0, std::round(ratio * static_cast<double>(answer.size())));
  std::vector<int64_t> ids = sequence.target;
  for (size_t i = 0; i < std::min(answer.size(), static_cast<size_t>(count)); ++i) ids[answer[i]] = mask_id;
  return ids;
}

// Mean over its masked tokens, for each row [B].
at::Tensor mean_masked_nll(const Decoder& model, const TokenBatch& noisy, const at::Tensor& targets_BT) {
  const at::Tensor masked_BT = noisy.ids_BT == model.config.mask_id;
  const at::Tensor nll_M = masked_token_nll(model, noisy, targets_BT, masked_BT).to(at::kCPU, at::kDouble);
  const at::Tensor nll_BT = at::zeros(masked_BT.sizes(), nll_M.options()).masked_scatter(masked_BT, nll_M);
  return nll_BT.sum(-1) / masked_BT.sum(-1);
}

std::vector<double> item_nlls(const std::vector<TokenSequence>& sequences, const EvalTaskSettings& s,
                              const Replicas& models, double ratio, uint64_t seed) {
  const int64_t mask_id = models.config().mask_id;
  std::vector<std::vector<int64_t>> ids, blanks, targets;
  for (const auto& sequence : sequences) {
    ids.push_back(mask_share(sequence, mask_id, ratio, Random(seed, fmt::format("item {}", ids.size()))));
    blanks.push_back(sequence.masked);
    targets.push_back(sequence.target);
  }
  std::vector<double> values(ids.size());
  const auto batches = cut_rows(all_rows(ids.size()), s.batch_size);
  models.for_each(batches.size(), [&](const Decoder& model, size_t b) {
    const Rows& rows = batches[b];
    TokenBatch noisy = stack_rows(ids, rows);
    noisy.roles_BT = roles_of_blanks(stack_rows(blanks, rows), mask_id);
    const at::Tensor nll_B = mean_masked_nll(model, noisy, stack_rows(targets, rows));
    for (size_t i = 0; i < rows.size(); ++i) values[rows[i]] = nll_B[static_cast<int64_t>(i)].item<double>();
  });
  return values;
}

SampleResult unscored_sample(int64_t index, const std::string& input_hash) {
  return {index, input_hash, "", 0};
}

// Fills in the metrics, and the scores of the samples, one for each sequence in order.
void score(const std::vector<MaskableSequences>& parts, const EvalTaskSettings& settings, const Replicas& models,
           uint64_t seed, TaskResult& result) {
  std::vector<double> means(result.samples.size(), 0.0);
  for (const double ratio : settings.mask_ratios) {
    std::vector<double> values;
    for (const auto& part : parts) {
      const auto part_values = item_nlls(part.sequences, settings, models, ratio,
                                         derive_seed(seed, fmt::format("{} at {}", part.name, ratio)));
      values.insert(values.end(), part_values.begin(), part_values.end());
    }
    result.metrics.push_back(nll_metric(fmt::format("mask_ratio={}", ratio), values));
    for (size_t i = 0; i < values.size(); ++i) means[i] += values[i] / static_cast<double>(settings.mask_ratios.size());
  }
  result.metrics.push_back(nll_metric("", means));
  for (size_t i = 0; i < means.size(); ++i) result.samples[i].score = means[i];
}

}  // namespace

TaskResult evaluate_likelihood(const std::vector<DatasetPart>& parts, const EvalTaskSettings& settings,
                               const Replicas& models, const Tokenizer& tokenizer, uint64_t seed) {
  TaskResult result = {settings.name, settings.version, {}, {}};
  std::vector<MaskableSequences> maskable;
  for (const DatasetPart& part : parts) {
    maskable.push_back({part.name, lay_out_all(part, tokenizer, diffusion_ids(models.config()))});
    for (const TaskItem& item : part.items)
      result.samples.push_back(unscored_sample(std::ssize(result.samples), sha256(item.input)));
  }
  score(maskable, settings, models, seed, result);
  return result;
}

TaskResult evaluate_likelihood(const PlainText& text, const EvalTaskSettings& settings, const Replicas& models,
                               const Tokenizer& tokenizer, uint64_t seed) {
  TaskResult result = {settings.name, settings.version, {}, {}};
  MaskableSequences segments = {"text", {}};
  const int64_t mask_id = diffusion_ids(models.config()).mask;
  for (const int64_t offset : chosen_offsets(settings)) {
    TokenSequence segment;
    segment.target = text.tokens(tokenizer, offset, settings.segments.tokens);
    segment.masked.assign(segment.target.size(), mask_id);
    segment.masked[0] = segment.target[0];
    result.samples.push_back(unscored_sample(std::ssize(result.samples), hash_of_ids(segment.target)));
    segments.sequences.push_back(std::move(segment));
  }
  score({segments}, settings, models, seed, result);
  return result;
}

}  // namespace freeact
