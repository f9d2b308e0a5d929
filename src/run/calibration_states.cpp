#include "run/calibration_states.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "eval/decoding.h"
#include "generation/text.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr int64_t kDecodingBatch = 32;

// Shares for `count` sequences, stratified: as many equal parts of the range as there are sequences give one each, in
// random order.
std::vector<double> stratified_shares(size_t count, const CalibrationConfig& config, Random& random) {
  std::vector<double> shares(count);
  for (size_t i = 0; i < count; ++i)
    shares[i] = config.mask_ratio_min + (static_cast<double>(i) + random.uniform()) / static_cast<double>(count) *
                                            (config.mask_ratio_max - config.mask_ratio_min);
  random.shuffle(shares);
  return shares;
}

// The target with the share `ratio` of its answer, at least one token, masked.
std::vector<int64_t> mask_answer(const TokenSequence& sequence, double ratio, int64_t mask_id, Random& random) {
  std::vector<size_t> answer;
  for (size_t i = 0; i < sequence.target.size(); ++i)
    if (sequence.masked[i] == mask_id) answer.push_back(i);
  random.shuffle(answer);
  std::vector<int64_t> ids = sequence.target;
  const auto count = std::max<size_t>(1, static_cast<size_t>(std::llround(ratio * static_cast<double>(answer.size()))));
  for (size_t i = 0; i < std::min(count, answer.size()); ++i) ids[answer[i]] = mask_id;
  return ids;
}

// The states of each sequence that have a mask left, in their order.
class StateRecorder {
 public:
  StateRecorder(const std::vector<TokenSequence>& sequences, int64_t mask_id) : mask_id_(mask_id) {
    for (const TokenSequence& sequence : sequences) states_.push_back({sequence.masked});
  }
  // A batch after a step; it is padded on the left.
  void add(const Rows& rows, const at::Tensor& ids_BP) {
    for (size_t i = 0; i < rows.size(); ++i) {
      auto& of_row = states_[rows[i]];
      const int64_t pads = ids_BP.size(1) - std::ssize(of_row[0]);
      std::vector<int64_t> ids = ids_of(ids_BP[static_cast<int64_t>(i)].slice(0, pads));
      if (std::find(ids.begin(), ids.end(), mask_id_) != ids.end()) of_row.push_back(std::move(ids));
    }
  }
  std::vector<int64_t> state(size_t row, double to_come) const {
    const auto count = states_[row].size();
    const auto index = static_cast<size_t>(std::floor((1 - to_come) * static_cast<double>(count)));
    return states_[row][std::min(index, count - 1)];
  }

 private:
  const int64_t mask_id_;
  std::vector<std::vector<std::vector<int64_t>>> states_;
};

}  // namespace

TokenSequence blank_text(const std::vector<int64_t>& ids, size_t given, int64_t mask_id) {
  TokenSequence sequence{ids, ids, given, ids.size()};
  std::fill(sequence.masked.begin() + static_cast<std::ptrdiff_t>(given), sequence.masked.end(), mask_id);
  return sequence;
}

std::vector<TokenBatch> partly_written(const std::vector<TokenSequence>& sequences, const CalibrationConfig& config,
                                       const Decoder& model, const Tokenizer& tokenizer, Random& random) {
  const int64_t mask_id = model.config.mask_id;
  const auto shares = stratified_shares(sequences.size(), config, random);
  std::vector<std::vector<int64_t>> written;
  if (config.states == "decoding") {
    written = decoded_states(sequences, shares, decoding_settings(config), model, tokenizer, random.next());
  } else {
    for (size_t i = 0; i < sequences.size(); ++i)
      written.push_back(mask_answer(sequences[i], shares[i], mask_id, random));
  }
  std::vector<TokenBatch> batches;
  for (size_t i = 0; i < sequences.size(); ++i) {
    batches.emplace_back(written[i]);
    batches.back().roles_BT = roles_of_blanks(TokenBatch(sequences[i].masked).ids_BT, mask_id);
  }
  return batches;
}

std::vector<std::vector<int64_t>> decoded_states(const std::vector<TokenSequence>& sequences,
                                                 const std::vector<double>& to_come, const AnswerSettings& settings,
                                                 const Decoder& model, const Tokenizer& tokenizer, uint64_t seed) {
  StateRecorder recorder(sequences, model.config.mask_id);
  complete(sequences, settings, kDecodingBatch, model, tokenizer, seed,
           [&](const Rows& rows, const at::Tensor& ids_BP) { recorder.add(rows, ids_BP); });
  std::vector<std::vector<int64_t>> states;
  for (size_t i = 0; i < sequences.size(); ++i) states.push_back(recorder.state(i, to_come[i]));
  return states;
}

AnswerSettings decoding_settings(const CalibrationConfig& config) {
  const auto settings = read_fields<AnswerSettings>(config.decoding, "calibration.decoding.");
  if (settings.max_new_tokens != 0)
    throw FieldError("calibration.decoding.max_new_tokens",
                     "key 'calibration.decoding.max_new_tokens' must be 0: the masks are those of the data's layout");
  return settings;
}

}  // namespace freeact
