#include "run/calibration_data.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "eval/dataset.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/random.h"

namespace freeact {
namespace {

constexpr const char* kSplit = "calibration";
constexpr size_t kRun = 8;  // sequences of one part in a row: whole batches of one length, parts mixed along the way

// The target with a random share of its answer masked, at least one token.
at::Tensor mask_answer(const TokenSequence& sequence, const CalibrationConfig& config, int64_t mask_id,
                       Random& random) {
  std::vector<size_t> answer;
  for (size_t i = 0; i < sequence.target.size(); ++i)
    if (sequence.masked[i] == mask_id) answer.push_back(i);
  random.shuffle(answer);
  const double ratio = config.mask_ratio_min + random.uniform() * (config.mask_ratio_max - config.mask_ratio_min);
  const auto count = std::max<size_t>(1, static_cast<size_t>(std::llround(ratio * static_cast<double>(answer.size()))));
  std::vector<int64_t> ids = sequence.target;
  for (size_t i = 0; i < std::min(count, answer.size()); ++i) ids[answer[i]] = mask_id;
  return at::tensor(ids, at::kLong);
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
  std::string all;
  for (const auto& part : read_dataset(datasets, config.dataset, kSplit)) all += part.name + part.hash;
  return sha256(all);
}

}  // namespace freeact
