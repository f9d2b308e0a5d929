#include "run/calibration_data.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/dataset.h"
#include "eval/plain_text.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/random.h"

namespace freeact {
namespace {

constexpr const char* kSplit = "calibration";
constexpr size_t kRun = 8;  // sequences of one part in a row: whole batches of one length, parts mixed along the way

constexpr int64_t kCharactersPerToken = 8;  // more than any usual text has, so that no sequence runs over the end

bool is_running_text(const CalibrationConfig& config) {
  return config.dataset.ends_with(".txt");
}

double ratio_at(double share, const CalibrationConfig& config) {
  return config.mask_ratio_min + share * (config.mask_ratio_max - config.mask_ratio_min);
}

// The ids with the first `ratio` of the positions `answer`, at least one, masked.
at::Tensor mask_share(std::vector<int64_t> ids, const std::vector<size_t>& answer, double ratio, int64_t mask_id) {
  const auto count = std::max<size_t>(1, static_cast<size_t>(std::llround(ratio * static_cast<double>(answer.size()))));
  for (size_t i = 0; i < std::min(count, answer.size()); ++i) ids[answer[i]] = mask_id;
  return at::tensor(ids, at::kLong);
}

at::Tensor mask_answer(const TokenSequence& sequence, const CalibrationConfig& config, int64_t mask_id,
                       Random& random) {
  std::vector<size_t> answer;
  for (size_t i = 0; i < sequence.target.size(); ++i)
    if (sequence.masked[i] == mask_id) answer.push_back(i);
  random.shuffle(answer);
  const double ratio = ratio_at(random.uniform(), config);
  return mask_share(sequence.target, answer, ratio, mask_id);
}

// Where the sequences of a text begin: one every stride, the held-out ones half a stride further.
struct Spacing {
  int64_t first, stride;
};

Spacing spacing(const CalibrationConfig& config, int64_t num_characters, Random& random) {
  if (config.stride > 0) return {0, config.stride};
  const int64_t stride = (num_characters - kCharactersPerToken * config.sequence_length) / config.num_samples;
  if (stride < 2)
    throw UserError("calibration.num_samples is {}, which is too many for the {} characters of '{}'",
                    config.num_samples, num_characters, config.dataset);
  return {static_cast<int64_t>(random.below(static_cast<uint64_t>(stride / 2))), stride};
}

// Running text as a diffusion model sees it. Masks may be anywhere but in front, where nothing predicts them with
// shifted logits. Ratios are stratified: as many equal parts of the range as there are texts give one each, in random
// order.
std::vector<at::Tensor> masked_text(const std::vector<std::vector<int64_t>>& texts, const CalibrationConfig& config,
                                    int64_t mask_id, Random& random) {
  std::vector<size_t> strata(texts.size());
  std::iota(strata.begin(), strata.end(), 0);
  random.shuffle(strata);
  std::vector<at::Tensor> masked;
  for (const auto& ids : texts) {
    std::vector<size_t> positions(ids.size() - 1);
    std::iota(positions.begin(), positions.end(), 1);
    random.shuffle(positions);
    const double share =
        (static_cast<double>(strata[masked.size()]) + random.uniform()) / static_cast<double>(texts.size());
    masked.push_back(mask_share(ids, positions, ratio_at(share, config), mask_id));
  }
  return masked;
}

std::vector<at::Tensor> as_tensors(const std::vector<std::vector<int64_t>>& sequences) {
  std::vector<at::Tensor> tensors;
  for (const auto& ids : sequences) tensors.push_back(at::tensor(ids, at::kLong));
  return tensors;
}

CalibrationSequences draw_text(const CalibrationConfig& config, const std::filesystem::path& file,
                               const DecoderConfig& model, const Tokenizer& tokenizer, Random random) {
  if (config.sequence_length < 2)
    throw UserError("calibration.sequence_length is {}: running text needs 2 tokens or more", config.sequence_length);
  const PlainText text(file);
  const auto [first, stride] = spacing(config, text.num_characters(), random);
  std::vector<std::vector<int64_t>> learnt, held_out;
  for (int64_t i = 0; i < config.num_samples; ++i) {
    learnt.push_back(text.tokens(tokenizer, first + i * stride, config.sequence_length));
    held_out.push_back(text.tokens(tokenizer, first + i * stride + stride / 2, config.sequence_length));
  }
  if (model.mask_id < 0) return {as_tensors(learnt), as_tensors(held_out)};
  return {masked_text(learnt, config, model.mask_id, random), masked_text(held_out, config, model.mask_id, random)};
}

// Takes sequences [begin, begin + count) of every part, a run of each part in turn.
std::vector<at::Tensor> take(const std::vector<std::vector<at::Tensor>>& parts, size_t begin, size_t count) {
  std::vector<at::Tensor> taken;
  for (size_t start = begin; start < begin + count; start += kRun)
    for (const auto& part : parts)
      for (size_t i = start; i < std::min({start + kRun, begin + count, part.size()}); ++i) taken.push_back(part[i]);
  return taken;
}

}  // namespace

CalibrationSequences draw_calibration(const CalibrationConfig& config, const std::filesystem::path& datasets,
                                      const DecoderConfig& model, const Tokenizer& tokenizer, uint64_t seed) {
  if (is_running_text(config))
    return draw_text(config, datasets / config.dataset, model, tokenizer, Random(seed, "calibration text"));
  std::vector<std::vector<at::Tensor>> parts;
  for (const auto& part : read_dataset(datasets, config.dataset, kSplit)) {
    Random random(seed, "calibration " + part.name);
    auto sequences = lay_out_all(part, tokenizer, {model.mask_id, model.eos_id});
    random.shuffle(sequences);
    parts.emplace_back();
    for (const auto& sequence : sequences) parts.back().push_back(mask_answer(sequence, config, model.mask_id, random));
  }
  const auto per_part = (static_cast<size_t>(config.num_samples) + parts.size() - 1) / parts.size();
  for (const auto& part : parts)
    if (part.size() < per_part)
      throw UserError("calibration.num_samples is {}, but data set '{}' has only {} items in a part",
                      config.num_samples, config.dataset, part.size());
  return {take(parts, 0, per_part), take(parts, per_part, per_part)};
}

std::string calibration_data_hash(const CalibrationConfig& config, const std::filesystem::path& datasets) {
  if (is_running_text(config)) return sha256_file(datasets / config.dataset);
  std::string all;
  for (const auto& part : read_dataset(datasets, config.dataset, kSplit)) all += part.name + part.hash;
  return sha256(all);
}

}  // namespace freeact
