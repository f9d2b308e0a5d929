#include "eval/perplexity.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "eval/scoring.h"
#include "generation/likelihood.h"

namespace freeact {
namespace {

double mean_nll(const Decoder& model, const std::vector<int64_t>& ids) {
  return left_to_right_nll(model, std::vector{ids[0]}, {ids.begin() + 1, ids.end()}) /
         static_cast<double>(ids.size() - 1);
}

}  // namespace

TaskResult evaluate_perplexity(const PlainText& text, const EvalTaskSettings& settings, const Decoder& model,
                               const Tokenizer& tokenizer) {
  if (model.config.sampler != "none")
    throw UserError("task '{}': perplexity needs an autoregressive model, but this one is a diffusion model",
                    settings.name);
  const at::NoGradGuard no_grad;
  TaskResult result = {settings.name, settings.version, {}, {}};
  std::vector<double> nlls;
  for (const int64_t offset : chosen_offsets(settings)) {
    const auto ids = text.tokens(tokenizer, offset, settings.segments.tokens);
    nlls.push_back(mean_nll(model, ids));
    const Json output = {{"offset", offset}, {"nll", nlls.back()}};
    result.samples.push_back({std::ssize(result.samples), hash_of_ids(ids), output.dump(), 0});
  }
  const Estimate nll = estimate(nlls);
  const double perplexity = std::exp(nll.mean);
  for (size_t i = 0; i < nlls.size(); ++i) result.samples[i].score = perplexity * (1 + nlls[i] - nll.mean);
  result.metrics.push_back(
      {"perplexity", "", perplexity, perplexity * nll.standard_error, std::ssize(nlls), false, "ppl"});
  return result;
}

}  // namespace freeact
