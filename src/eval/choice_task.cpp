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
  std::vector<double> values;
  for (size_t i = 0; i < item.count(); ++i) {
    const Surroundings around = surroundings(part.layout, item.context_of(i), where);
    const std::string& ending = item.ending_of(i);
    const Continuation text = encode_continuation(tokenizer, around.before, ending + around.after);
    if (text.ids.empty()) throw UserError("{}: no token is left for the choice '{}' behind its context", where, ending);
    values.push_back(log_likelihood(text, s, model, seed));
  }
  return values;
}

int64_t place_of_highest(const std::vector<double>& values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

std::vector<double> per_byte(std::vector<double> values, const ChoiceItem& item) {
  for (size_t i = 0; i < values.size(); ++i) values[i] /= static_cast<double>(item.ending_of(i).size());
  return values;
}

// Of what is asked.
std::string context_hash(const ChoiceItem& item) {
  std::string text = item.context;
  for (const std::string& context : item.contexts) text += context + "_" + item.ending + "\n";
  return sha256(text);
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
                            const Replicas& models, const Tokenizer& tokenizer, uint64_t seed) {
  TaskResult result = {settings.name, settings.version, {}, {}};
  std::vector<double> right, right_per_byte;
  for (const ChoicePart& part : parts) {
    std::vector<std::vector<double>> all_values(part.items.size());
    models.for_each(part.items.size(), [&](const Decoder& model, size_t i) {
      const std::string where = fmt::format("{} item {}", part.name, i);
      all_values[i] = log_likelihoods(part, part.items[i], settings, model, tokenizer, derive_seed(seed, where), where);
    });
    for (size_t i = 0; i < part.items.size(); ++i) {
      const ChoiceItem& item = part.items[i];
      const int64_t chosen = place_of_highest(all_values[i]);
      right.push_back(chosen == item.answer ? 1 : 0);
      right_per_byte.push_back(place_of_highest(per_byte(all_values[i], item)) == item.answer ? 1 : 0);
      const Json output = {{"chosen", chosen}, {"log_likelihoods", all_values[i]}};
      result.samples.push_back({std::ssize(result.samples), context_hash(item), output.dump(), right.back()});
    }
  }
  result.metrics = {percentage("accuracy", right), percentage("normalised_accuracy", right_per_byte)};
  return result;
}

}  // namespace freeact
