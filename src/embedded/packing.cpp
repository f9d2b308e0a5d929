#include "embedded/packing.h"

#include <ATen/ATen.h>

#include "util/error.h"

namespace freeact {
namespace {

struct Row {
  std::vector<int64_t> ids, positions, sequences;
};

size_t find_row(std::vector<Row>& rows, size_t length, size_t row_tokens) {
  for (size_t i = 0; i < rows.size(); ++i)
    if (rows[i].ids.size() + length <= row_tokens) return i;
  rows.emplace_back();
  return rows.size() - 1;
}

at::Tensor stacked(const std::vector<Row>& rows, std::vector<int64_t> Row::*member, int64_t row_tokens, int64_t fill) {
  const at::Tensor all = at::full({static_cast<int64_t>(rows.size()), row_tokens}, fill, at::kLong);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& values = rows[i].*member;
    all[static_cast<int64_t>(i)].narrow(0, 0, static_cast<int64_t>(values.size())).copy_(at::tensor(values));
  }
  return all;
}

}  // namespace

PackedBatch pack(const std::vector<TrainingSequence>& sequences, int64_t row_tokens, int64_t pad_id) {
  std::vector<Row> rows;
  std::vector<int64_t> predicting, targets, sources;
  std::vector<float> weights;
  PackedBatch batch;
  for (const TrainingSequence& sequence : sequences) {
    const size_t length = sequence.ids.size();
    if (length > static_cast<size_t>(row_tokens))
      throw UserError("a sequence of {} tokens is longer than row_tokens {}", length, row_tokens);
    FREEACT_CHECK(sequence.weights.front() == 0, "a sequence predicts its first position");
    const size_t at = find_row(rows, length, static_cast<size_t>(row_tokens));
    Row& row = rows[at];
    const auto begin = static_cast<int64_t>(at) * row_tokens + std::ssize(row.ids);
    const int64_t number = row.sequences.empty() ? 0 : row.sequences.back() + 1;
    for (size_t i = 0; i < length; ++i) {
      row.ids.push_back(sequence.ids[i]);
      row.positions.push_back(static_cast<int64_t>(i));
      row.sequences.push_back(number);
      if (sequence.weights[i] == 0) continue;
      predicting.push_back(begin + static_cast<int64_t>(i) - 1);
      targets.push_back(sequence.targets[i]);
      weights.push_back(sequence.weights[i]);
      sources.push_back(sequence.source);
    }
    batch.tokens += static_cast<int64_t>(length);
  }
  batch.ids_BT = stacked(rows, &Row::ids, row_tokens, pad_id);
  batch.positions_BT = stacked(rows, &Row::positions, row_tokens, 0);
  batch.sequences_BT = stacked(rows, &Row::sequences, row_tokens, -1);
  batch.predicting_M = at::tensor(predicting, at::kLong);
  batch.targets_M = at::tensor(targets, at::kLong);
  batch.weights_M = at::tensor(weights, at::kFloat);
  batch.sources_M = at::tensor(sources, at::kLong);
  return batch;
}

ForwardContext packed_context(const Decoder& decoder, const PackedBatch& batch) {
  const auto dtype = decoder.embedding.scalar_type();
  const DecoderConfig& c = decoder.config;
  ForwardContext context;
  context.types_BT = (batch.ids_BT == c.mask_id).to(at::kLong);
  context.rope = rope_table(batch.positions_BT, c.head_width, c.rope_theta);
  if (c.rope_in_model_dtype) context.rope = {context.rope.cos.to(dtype), context.rope.sin.to(dtype)};
  const at::Tensor hidden =
      batch.sequences_BT.unsqueeze(1).unsqueeze(-1) != batch.sequences_BT.unsqueeze(1).unsqueeze(2);
  context.bias = at::zeros(hidden.sizes(), at::dtype(dtype)).masked_fill(hidden, -3.3895e38);
  return context;
}

}  // namespace freeact
