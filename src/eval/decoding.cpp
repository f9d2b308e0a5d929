#include "eval/decoding.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "eval/rows.h"
#include "generation/dream_sampler.h"
#include "generation/llada_sampler.h"
#include "generation/text.h"
#include "tokenizer/chat.h"
#include "util/error.h"
#include "util/random.h"

namespace freeact {
namespace {

int64_t count_masks(const TokenSequence& sequence, int64_t mask_id) {
  return std::count(sequence.masked.begin(), sequence.masked.end(), mask_id);
}

// One batch: its padded sequences, and where in them the answers are.
struct Start {
  PaddedPrompts sequences;
  int64_t region;  // first column that may be written
  int64_t masks;   // in every row

  int64_t length() const { return sequences.ids_BP.size(1) - region; }
};

// As many steps as the schedule needs, a multiple of the number of blocks.
int64_t num_steps(const AnswerSettings& s, const Start& start) {
  if (s.steps > 0) return s.steps;
  const int64_t steps = std::max<int64_t>(1, (start.masks + s.tokens_per_step - 1) / s.tokens_per_step);
  const int64_t blocks = s.block_length > 0 ? std::max<int64_t>(1, start.length() / s.block_length) : 1;
  return (steps + blocks - 1) / blocks * blocks;
}

at::Tensor unmask_llada(const Decoder& model, const Start& start, const AnswerSettings& s, const Tokenizer& tokenizer,
                        uint64_t seed, const UnmaskObserver& observer) {
  UnmaskSettings unmasking;
  unmasking.gen_length = start.length();
  unmasking.block_length = s.block_length > 0 ? s.block_length : start.length();
  unmasking.steps = num_steps(s, start);
  unmasking.temperature = s.temperature;
  unmasking.cfg_scale = s.cfg_scale;
  unmasking.remasking = s.remasking;
  unmasking.logits_eos_inf = s.logits_eos_inf;
  unmasking.confidence_eos_eot_inf = s.confidence_eos_eot_inf;
  unmasking.eot_id = tokenizer.id_of(end_of_turn(ChatFamily::kLlada)).value_or(-1);
  unmasking.acceleration = s.acceleration;
  return unmask(model, start.sequences.ids_BP, start.region, unmasking, start.sequences.attention_mask_BP, seed,
                observer);
}

at::Tensor unmask_dream(const Decoder& model, const Start& start, const AnswerSettings& s, uint64_t seed,
                        const UnmaskObserver& observer) {
  if (s.cfg_scale != 0) throw UserError("generation.cfg_scale: Dream's sampler has no guidance; it must be 0");
  DiffusionSettings diffusion;
  diffusion.max_new_tokens = start.length();
  diffusion.steps = num_steps(s, start);
  diffusion.eps = s.eps;
  diffusion.alg = s.alg;
  diffusion.temperature = s.temperature;
  diffusion.top_p = s.top_p;
  diffusion.top_k = s.top_k;
  diffusion.alg_temp = s.alg_temp;
  diffusion.block_length = s.block_length;
  diffusion.confidence = s.confidence;
  diffusion.acceleration = s.acceleration;
  return unmask(model, start.sequences.ids_BP, diffusion, start.sequences.attention_mask_BP, seed, observer);
}

std::string sampler_for(const AnswerSettings& s, const DecoderConfig& config) {
  const std::string sampler = s.sampler == "auto" ? config.sampler : s.sampler;
  if (sampler == "none")
    throw UserError("generation.sampler is auto, but the model's family '{}' has no sampler: choose llada or dream",
                    config.family);
  return sampler;
}

Start start_of(const std::vector<TokenSequence>& sequences, const Rows& rows, const AnswerSettings& s,
               const DecoderConfig& config) {
  std::vector<std::vector<int64_t>> ids;
  for (const size_t row : rows) ids.push_back(sequences[row].masked);
  Start start = {pad_left(ids, config.pad_id), 0, count_masks(sequences[rows.front()], config.mask_id)};
  if (s.max_new_tokens > 0) start.region = start.sequences.ids_BP.size(1) - s.max_new_tokens;
  return start;
}

}  // namespace

std::vector<Rows> batches_of(const std::vector<TokenSequence>& sequences, int64_t mask_id, int64_t batch_size) {
  std::map<int64_t, Rows> by_count;
  for (size_t i = 0; i < sequences.size(); ++i) by_count[count_masks(sequences[i], mask_id)].push_back(i);
  std::vector<Rows> batches;
  for (auto& [count, rows] : by_count) {
    std::stable_sort(rows.begin(), rows.end(),
                     [&](size_t a, size_t b) { return sequences[a].masked.size() < sequences[b].masked.size(); });
    for (Rows& batch : cut_rows(rows, batch_size)) batches.push_back(std::move(batch));
  }
  return batches;
}

std::vector<std::vector<int64_t>> complete_batch(const std::vector<TokenSequence>& sequences, const Rows& rows,
                                                 const AnswerSettings& settings, const Decoder& model,
                                                 const Tokenizer& tokenizer, uint64_t seed,
                                                 const StateObserver& observer) {
  const Start start = start_of(sequences, rows, settings, model.config);
  const uint64_t batch_seed = derive_seed(seed, fmt::format("rows from {}", rows.front()));
  UnmaskObserver on_step;
  if (observer) on_step = [&](const at::Tensor& ids_BP, const auto&, const auto&) { observer(rows, ids_BP); };
  const at::Tensor done_BP = sampler_for(settings, model.config) == "dream"
                                 ? unmask_dream(model, start, settings, batch_seed, on_step)
                                 : unmask_llada(model, start, settings, tokenizer, batch_seed, on_step);
  std::vector<std::vector<int64_t>> completed;
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t pads = done_BP.size(1) - std::ssize(sequences[rows[i]].masked);
    completed.push_back(ids_of(done_BP[static_cast<int64_t>(i)].slice(0, pads)));
  }
  return completed;
}

std::vector<std::vector<int64_t>> complete(const std::vector<TokenSequence>& sequences, const AnswerSettings& settings,
                                           int64_t batch_size, const Decoder& model, const Tokenizer& tokenizer,
                                           uint64_t seed, const StateObserver& observer) {
  std::vector<std::vector<int64_t>> completed(sequences.size());
  for (const Rows& rows : batches_of(sequences, model.config.mask_id, batch_size)) {
    auto batch = complete_batch(sequences, rows, settings, model, tokenizer, seed, observer);
    for (size_t i = 0; i < rows.size(); ++i) completed[rows[i]] = std::move(batch[i]);
  }
  return completed;
}

GreedySettings greedy_settings(const AnswerSettings& settings) {
  if (settings.temperature != 0)
    throw UserError("generation.temperature: autoregressive models decode greedily; it must be 0");
  GreedySettings greedy;
  greedy.max_new_tokens = settings.max_new_tokens;
  if (settings.repetition_penalty > 0) greedy.repetition_penalty = settings.repetition_penalty;
  return greedy;
}

}  // namespace freeact
