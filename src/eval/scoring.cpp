#include "eval/scoring.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "generation/llada_sampler.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/random.h"

namespace freeact {
namespace {

using Rows = std::vector<size_t>;

Rows all_rows(size_t count) {
  Rows rows(count);
  std::iota(rows.begin(), rows.end(), size_t{0});
  return rows;
}

int64_t count_masks(const TokenSequence& sequence, int64_t mask_id) {
  return std::count(sequence.masked.begin(), sequence.masked.end(), mask_id);
}

// Batches of at most batch_size rows.
std::vector<Rows> cut(const Rows& rows, int64_t batch_size) {
  std::vector<Rows> batches;
  for (const size_t row : rows) {
    if (batches.empty() || std::ssize(batches.back()) == batch_size) batches.emplace_back();
    batches.back().push_back(row);
  }
  return batches;
}

// Batches of rows with the same number of masks, so that no row waits for another one that takes more steps.
std::vector<Rows> cut_by_masks(const std::vector<TokenSequence>& sequences, int64_t mask_id, int64_t batch_size) {
  std::map<int64_t, Rows> by_count;
  for (size_t i = 0; i < sequences.size(); ++i) by_count[count_masks(sequences[i], mask_id)].push_back(i);
  std::vector<Rows> batches;
  for (const auto& [count, rows] : by_count)
    for (Rows& batch : cut(rows, batch_size)) batches.push_back(std::move(batch));
  return batches;
}

at::Tensor stack_rows(const std::vector<std::vector<int64_t>>& values, const Rows& rows) {
  std::vector<at::Tensor> tensors;
  for (const size_t row : rows) tensors.push_back(at::tensor(values[row]));
  return at::stack(tensors);
}

SequenceIds ids_of(const Decoder& model) {
  if (model.config.mask_id < 0) throw UserError("the model has no mask token, which masked-diffusion tasks need");
  return {model.config.mask_id, model.config.eos_id};
}

UnmaskSettings unmask_settings(const AnswerSettings& s, int64_t length, int64_t masks) {
  UnmaskSettings unmasking;
  unmasking.gen_length = unmasking.block_length = length;
  unmasking.steps = std::max<int64_t>(1, (masks + s.tokens_per_step - 1) / s.tokens_per_step);
  unmasking.temperature = s.temperature;
  unmasking.cfg_scale = s.cfg_scale;
  unmasking.remasking = s.remasking;
  return unmasking;
}

std::vector<std::vector<int64_t>> complete(const std::vector<TokenSequence>& sequences, const EvalTaskSettings& s,
                                           const Decoder& model, uint64_t seed) {
  std::vector<std::vector<int64_t>> ids;
  for (const auto& sequence : sequences) ids.push_back(sequence.masked);
  for (const Rows& rows : cut_by_masks(sequences, model.config.mask_id, s.batch_size)) {
    const at::Tensor start_BT = stack_rows(ids, rows);
    const int64_t masks = count_masks(sequences[rows.front()], model.config.mask_id);
    const at::Tensor done_BT = unmask(model, start_BT, 0, unmask_settings(s.generation, start_BT.size(1), masks), {},
                                      derive_seed(seed, fmt::format("rows from {}", rows.front())))
                                   .contiguous();
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto* row = done_BT[static_cast<int64_t>(i)].const_data_ptr<int64_t>();
      ids[rows[i]].assign(row, row + done_BT.size(1));
    }
  }
  return ids;
}

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
at::Tensor masked_nll(const Decoder& model, const at::Tensor& ids_BT, const at::Tensor& targets_BT) {
  const at::Tensor masked = ids_BT == model.config.mask_id;
  const at::Tensor log_p = at::log_softmax(aligned_logits(model, ids_BT).index({masked}), -1, at::kDouble);
  const at::Tensor chosen = log_p.gather(-1, targets_BT.index({masked}).unsqueeze(-1)).squeeze(-1);
  const at::Tensor nll_BT = at::zeros(ids_BT.sizes(), chosen.options()).masked_scatter(masked, -chosen);
  return nll_BT.sum(-1) / masked.sum(-1);
}

std::vector<double> item_nlls(const std::vector<TokenSequence>& sequences, const EvalTaskSettings& s,
                              const Decoder& model, double ratio, uint64_t seed) {
  std::vector<std::vector<int64_t>> ids, targets;
  for (const auto& sequence : sequences) {
    ids.push_back(mask_share(sequence, model.config.mask_id, ratio, Random(seed, fmt::format("item {}", ids.size()))));
    targets.push_back(sequence.target);
  }
  std::vector<double> values;
  for (const Rows& rows : cut(all_rows(ids.size()), s.batch_size)) {
    const at::Tensor nll_B = masked_nll(model, stack_rows(ids, rows), stack_rows(targets, rows)).contiguous();
    values.insert(values.end(), nll_B.const_data_ptr<double>(), nll_B.const_data_ptr<double>() + nll_B.numel());
  }
  return values;
}

MetricValue nll_metric(const std::string& group, const std::vector<double>& values) {
  const Estimate e = estimate(values);
  return {"nll", group, e.mean, e.standard_error, static_cast<int64_t>(values.size()), false, "nats"};
}

}  // namespace

Estimate estimate(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  if (values.empty()) return {};
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return {mean, 0};
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  return {mean, std::sqrt(square / (n - 1) / n)};
}

std::string answer_text(const std::vector<int64_t>& ids, const TokenSequence& sequence, const Tokenizer& tokenizer,
                        int64_t end_id) {
  const auto begin = ids.begin() + static_cast<int64_t>(sequence.answer_begin);
  const auto slot_end = ids.begin() + static_cast<int64_t>(sequence.answer_end);
  return tokenizer.decode({begin, std::find(begin, slot_end, end_id)});
}

TaskResult evaluate_generation(const std::vector<DatasetPart>& parts, const EvalTaskSettings& settings,
                               const Decoder& model, const Tokenizer& tokenizer, uint64_t seed) {
  const at::NoGradGuard no_grad;
  TaskResult result = {settings.name, settings.version, {}, {}};
  std::vector<double> scores;
  for (const DatasetPart& part : parts) {
    const auto sequences = lay_out_all(part, tokenizer, ids_of(model));
    const auto completed = complete(sequences, settings, model, derive_seed(seed, part.name));
    for (size_t i = 0; i < sequences.size(); ++i) {
      const std::string output = answer_text(completed[i], sequences[i], tokenizer, model.config.eos_id);
      scores.push_back(output == part.items[i].answer ? 1 : 0);
      result.samples.push_back(
          {static_cast<int64_t>(result.samples.size()), sha256(part.items[i].input), output, scores.back()});
    }
  }
  const Estimate e = estimate(scores);
  result.metrics = {
      {"exact_match", "", 100 * e.mean, 100 * e.standard_error, static_cast<int64_t>(scores.size()), true, "%"}};
  return result;
}

TaskResult evaluate_likelihood(const std::vector<DatasetPart>& parts, const EvalTaskSettings& settings,
                               const Decoder& model, const Tokenizer& tokenizer, uint64_t seed) {
  const at::NoGradGuard no_grad;
  TaskResult result = {settings.name, settings.version, {}, {}};
  for (const DatasetPart& part : parts)
    for (const TaskItem& item : part.items)
      result.samples.push_back({static_cast<int64_t>(result.samples.size()), sha256(item.input), "", 0});
  std::vector<double> means(result.samples.size(), 0.0);
  for (const double ratio : settings.mask_ratios) {
    std::vector<double> values;
    for (const DatasetPart& part : parts) {
      const auto part_values = item_nlls(lay_out_all(part, tokenizer, ids_of(model)), settings, model, ratio,
                                         derive_seed(seed, fmt::format("{} at {}", part.name, ratio)));
      values.insert(values.end(), part_values.begin(), part_values.end());
    }
    result.metrics.push_back(nll_metric(fmt::format("mask_ratio={}", ratio), values));
    for (size_t i = 0; i < values.size(); ++i) means[i] += values[i] / static_cast<double>(settings.mask_ratios.size());
  }
  result.metrics.push_back(nll_metric("", means));
  for (size_t i = 0; i < means.size(); ++i) result.samples[i].score = means[i];
  return result;
}

}  // namespace freeact
