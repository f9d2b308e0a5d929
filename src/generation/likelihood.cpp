#include "generation/likelihood.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "util/error.h"

namespace freeact {
namespace {

// The prompt's tokens, then the answer's.
struct Scored {
  at::Tensor ids_L;
  int64_t prompt_length, answer_length;
};

Scored join(const std::vector<int64_t>& prompt, const std::vector<int64_t>& answer) {
  if (answer.empty()) throw UserError("the likelihood of an empty answer is not defined");
  std::vector<int64_t> ids = prompt;
  ids.insert(ids.end(), answer.begin(), answer.end());
  return {at::tensor(ids, at::kLong), std::ssize(prompt), std::ssize(answer)};
}

// Logits [M, V] at the masked positions (bool [B, L]), row by row: no others go through the head.
at::Tensor masked_logits(const Decoder& model, const TokenBatch& noisy, const at::Tensor& masked_BL) {
  const ForwardContext context = model.context(noisy);
  at::Tensor hidden_BLD = model.hidden(noisy, context);
  if (model.config.shifted_logits)  // as aligned_logits()
    hidden_BLD = at::cat({hidden_BLD.slice(1, 0, 1), hidden_BLD.slice(1, 0, -1)}, 1);
  return model.output(hidden_BLD.index({masked_BL.to(model.device())}), context);
}

// -log p [M] of the targets [M] under the logits [M, V]; it lies where the targets do.
at::Tensor row_nll(const at::Tensor& logits_MV, const at::Tensor& targets_M) {
  const at::Tensor log_p = at::log_softmax(logits_MV, -1, at::kFloat);
  return -log_p.gather(-1, targets_M.to(log_p.device()).unsqueeze(-1)).squeeze(-1).to(targets_M.device());
}

// counts[n] positions of each row n, any set of them with the same chance: bool [N, answer_length].
at::Tensor draw_masks(const std::vector<int64_t>& counts, int64_t answer_length, Random& random) {
  at::Tensor masked_NA = at::zeros({std::ssize(counts), answer_length}, at::kBool);
  auto cells = masked_NA.accessor<bool, 2>();
  for (int64_t row = 0; row < std::ssize(counts); ++row) {
    std::vector<int64_t> order;
    for (int64_t i = 0; i < answer_length; ++i) order.push_back(i);
    random.shuffle(order);
    for (int64_t i = 0; i < counts[static_cast<size_t>(row)]; ++i) cells[row][order[static_cast<size_t>(i)]] = true;
  }
  return masked_NA;
}

// Logits [M, V] at the masked positions, with guidance away from the model that sees no prompt.
at::Tensor guided_rows(const Decoder& model, const TokenBatch& noisy, const at::Tensor& masked_NL,
                       int64_t prompt_length, double cfg_scale) {
  const at::Tensor given_MV = masked_logits(model, noisy, masked_NL);
  if (cfg_scale == 0) return given_MV;
  TokenBatch blind = noisy;
  blind.ids_BT = noisy.ids_BT.clone();
  blind.ids_BT.slice(1, 0, prompt_length).fill_(model.config.mask_id);
  const at::Tensor blind_MV = masked_logits(model, blind, masked_NL);
  return guide(given_MV, blind_MV, cfg_scale);
}

// Sum over a batch of draws.
double draw_nlls(const Decoder& model, const Scored& scored, const std::vector<int64_t>& counts, double cfg_scale,
                 Random& random) {
  const at::Tensor masked_NA = draw_masks(counts, scored.answer_length, random);
  const at::Tensor masked_NL = at::constant_pad_nd(masked_NA, {scored.prompt_length, 0}, false);
  const at::Tensor targets_NL = scored.ids_L.expand_as(masked_NL);
  TokenBatch noisy = targets_NL.masked_fill(masked_NL, model.config.mask_id);
  noisy.roles_BT = roles_of_prompt(scored.prompt_length, noisy.length()).expand_as(noisy.ids_BT);
  const at::Tensor logits_MV = guided_rows(model, noisy, masked_NL, scored.prompt_length, cfg_scale);
  const at::Tensor nll_M = row_nll(logits_MV, targets_NL.index({masked_NL})).to(at::kDouble);
  const at::Tensor inverse_p_N = at::tensor(counts, at::kDouble).reciprocal() * scored.answer_length;
  return (nll_M * inverse_p_N.unsqueeze(1).expand_as(masked_NL).index({masked_NL})).sum().item<double>();
}

void check(const Decoder& model, const MonteCarloSettings& s) {
  if (model.config.mask_id < 0) throw UserError("the model has no mask token, which this likelihood needs");
  if (s.draws < 1) throw UserError("draws must be 1 or more, but is {}", s.draws);
  if (s.batch_size < 1) throw UserError("batch_size must be 1 or more, but is {}", s.batch_size);
  if (!(s.cfg_scale >= 0)) throw UserError("cfg_scale must be zero or more, but is {}", s.cfg_scale);
}

}  // namespace

NoisyLikelihood noisy_likelihood(const at::Tensor& logits_NLV, const at::Tensor& sequence_L,
                                 const at::Tensor& masked_NL, const at::Tensor& p_mask_N) {
  const at::Tensor target_NL = sequence_L.expand_as(masked_NL);
  const at::Tensor ce_NL = at::cross_entropy_loss(logits_NLV.transpose(1, 2), target_NL, {}, at::Reduction::None);
  const at::Tensor token_ce_NL = ce_NL.masked_fill(at::logical_not(masked_NL), 0);
  return {token_ce_NL, token_ce_NL.sum(-1) / p_mask_N};
}

at::Tensor masked_token_nll(const Decoder& model, const TokenBatch& noisy, const at::Tensor& targets_BL,
                            const at::Tensor& masked_BL) {
  return row_nll(masked_logits(model, noisy, masked_BL), targets_BL.index({masked_BL}));
}

std::vector<int64_t> spaced_mask_counts(int64_t batch, int64_t length, Random& random) {
  const auto first = 1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(length)));
  std::vector<int64_t> counts;
  for (int64_t i = 0; i < batch; ++i) {
    const double offset = static_cast<double>(i) * static_cast<double>(length) / static_cast<double>(batch);
    counts.push_back((first + std::llround(offset) - 1) % length + 1);
  }
  return counts;
}

double monte_carlo_nll(const Decoder& model, const std::vector<int64_t>& prompt, const std::vector<int64_t>& answer,
                       const MonteCarloSettings& settings, uint64_t seed) {
  const at::NoGradGuard no_grad;
  check(model, settings);
  const Scored scored = join(prompt, answer);
  const int64_t draws = scored.answer_length == 1 ? 1 : settings.draws;  // one token can be masked in one way only
  Random random(seed, "monte carlo likelihood");
  double sum = 0;
  for (int64_t done = 0; done < draws; done += settings.batch_size) {
    const auto counts = spaced_mask_counts(std::min(settings.batch_size, draws - done), scored.answer_length, random);
    sum += draw_nlls(model, scored, counts, settings.cfg_scale, random);
  }
  return sum / static_cast<double>(draws);
}

double left_to_right_nll(const Decoder& model, const TokenBatch& prompt, const std::vector<int64_t>& answer) {
  const at::NoGradGuard no_grad;
  if (prompt.length() == 0) throw UserError("an autoregressive model needs a prompt, to predict the first token from");
  if (answer.empty()) throw UserError("the likelihood of an empty answer is not defined");
  const TokenBatch whole = extended(prompt, answer);
  const ForwardContext context = model.context(whole);
  const at::Tensor hidden_AD = model.hidden(whole, context)[0].slice(0, prompt.length() - 1, -1);
  return row_nll(model.output(hidden_AD, context), whole.ids_BT[0].slice(0, prompt.length()))
      .sum(at::kDouble)
      .item<double>();
}

}  // namespace freeact
