#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "eval/scoring.h"
#include "tokenizer/unicode.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/random.h"

namespace freeact {
namespace {

// The text without white space at its end.
std::string_view strip_end(std::string_view text) {
  const std::string_view stripped = strip(text);
  return stripped.empty() ? stripped : text.substr(0, static_cast<size_t>(stripped.end() - text.begin()));
}

// In nats. An autoregressive model predicts the first token of an empty context from its end token.
double log_likelihood(const Continuation& text, const EvalTaskSettings& s, const Decoder& model, uint64_t seed) {
  if (!model.config.causal) return -monte_carlo_nll(model, text.context, text.ids, s.monte_carlo, seed);
  std::vector<int64_t> context = text.context;
  if (context.empty() && model.config.eos_id >= 0) context.push_back(model.config.eos_id);
  return -left_to_right_nll(model, given(context), text.ids);
}

std::vector<double> log_likelihoods(const ChoicePart& part, const ChoiceItem& item, const EvalTaskSettings& s,
                                    const Decoder& model, const Tokenizer& tokenizer, uint64_t seed,
                                    const std::string& where) {
  const Surroundings around = surroundings(part.layout, item.context, where);
  std::vector<double> values;
  for (const std::string& choice : item.choices) {
    const Continuation text = encode_continuation(tokenizer, around.before, choice + around.after);
    if (text.ids.empty()) throw UserError("{}: no token is left for the choice '{}' behind its context", where, choice);
    values.push_back(log_likelihood(text, s, model, seed));
  }
  return values;
}

int64_t place_of_highest(const std::vector<double>& values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

std::vector<double> per_byte(std::vector<double> values, const std::vector<std::string>& choices) {
  for (size_t i = 0; i < values.size(); ++i) values[i] /= static_cast<double>(choices[i].size());
  return values;
}

}  // namespace

Continuation encode_continuation(const Tokenizer& tokenizer, const std::string& context,
                                 const std::string& continuation) {
  Continuation text;
  text.context = tokenizer.encode(strip_end(context));
  const auto joined = tokenizer.encode(context + continuation);
  text.ids.assign(joined.begin() + std::min(std::ssize(text.context), std::ssize(joined)), joined.end());
  return text;
}

TaskResult evaluate_choices(const std::vector<ChoicePart>& parts, const EvalTaskSettings& settings,
                            const Decoder& model, const Tokenizer& tokenizer, uint64_t seed) {
  const at::NoGradGuard no_grad;
  TaskResult result = {settings.name, settings.version, {}, {}};
  std::vector<double> right, right_per_byte;
  for (const ChoicePart& part : parts)
    for (size_t i = 0; i < part.items.size(); ++i) {
      const ChoiceItem& item = part.items[i];
      const std::string where = fmt::format("{} item {}", part.name, i);
      const auto values = log_likelihoods(part, item, settings, model, tokenizer, derive_seed(seed, where), where);
      const int64_t chosen = place_of_highest(values);
      right.push_back(chosen == item.answer ? 1 : 0);
      right_per_byte.push_back(place_of_highest(per_byte(values, item.choices)) == item.answer ? 1 : 0);
      const Json output = {{"chosen", chosen}, {"log_likelihoods", values}};
      result.samples.push_back(
          {static_cast<int64_t>(result.samples.size()), sha256(item.context), output.dump(), right.back()});
    }
  result.metrics = {percentage("accuracy", right), percentage("normalised_accuracy", right_per_byte)};
  return result;
}

}  // namespace freeact
