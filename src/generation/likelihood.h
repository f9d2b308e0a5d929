// The likelihood of given text. Letters: B batch, L sequence length, N noisy samples, M masked positions of all rows, V
// vocabulary rows.
#pragma once

#include <cstdint>
#include <vector>

#include "generation/unmasking.h"
#include "util/random.h"

namespace freeact {

// Cross entropy at the masked positions (0 elsewhere), and its sum over each sample divided by the sample's p_mask.
struct NoisyLikelihood {
  at::Tensor token_ce_NL, sample_nll_N;
};

// Row i of the logits predicts position i.
NoisyLikelihood noisy_likelihood(const at::Tensor& logits_NLV, const at::Tensor& sequence_L,
                                 const at::Tensor& masked_NL, const at::Tensor& p_mask_N);

// -log p in nats [M] of the targets [B, L] at the masked positions (bool [B, L], row by row) of a batch of ids [B, L].
// The softmax is in float32.
at::Tensor masked_token_nll(const Decoder& model, const TokenBatch& noisy, const at::Tensor& targets_BL,
                            const at::Tensor& masked_BL);

struct MonteCarloSettings {
  int64_t draws = 128;
  int64_t batch_size = 16;
  double cfg_scale = 0;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("draws", draws, "maskings of the answer that the estimate is the mean of");
    visit("batch_size", batch_size, "draws in a forward pass; the masked counts are spaced evenly over them");
    visit("cfg_scale", cfg_scale, "classifier-free guidance");
  }
};

// How many of `length` answer tokens each draw of a batch masks: the first count is uniform in 1..length, the others
// follow at even distances, counted around (ML-GSAI/LLaDA, get_log_likelihood.py), so each is uniform by itself. For
// that, distances are rounded, not positions: those of the original, rounded to even, leave some counts out.
std::vector<int64_t> spaced_mask_counts(int64_t batch, int64_t length, Random& random);

// Upper bound of -log p(answer | prompt) in nats of a masked-diffusion model, estimated without bias: the mean over the
// draws of (length / k) times the cross entropy of k masked answer tokens (Nie et al., Large Language Diffusion Models,
// 2025, equation 6). The masks follow from the seed, the answer's length and the settings, not from the model. Throws
// UserError on impossible settings, an empty answer, or a model without a mask token.
double monte_carlo_nll(const Decoder& model, const std::vector<int64_t>& prompt, const std::vector<int64_t>& answer,
                       const MonteCarloSettings& settings, uint64_t seed);

// -log p(answer | prompt) in nats of an autoregressive model, exactly; the prompt (B = 1) may hold images. Throws
// UserError on an empty prompt or answer.
double left_to_right_nll(const Decoder& model, const TokenBatch& prompt, const std::vector<int64_t>& answer);

}  // namespace freeact
