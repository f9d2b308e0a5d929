#include "generation/greedy.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "generation/text.h"
#include "util/error.h"

namespace freeact {
namespace {

void check(const Decoder& model, const TokenBatch& prompt, const GreedySettings& s) {
  if (!model.config.causal)
    throw UserError("the model ({}) is not autoregressive; use its sampler ({})", model.config.family,
                    model.config.sampler);
  if (prompt.length() == 0) throw UserError("the prompt is empty; the first token needs one to be predicted from");
  if (s.max_new_tokens <= 0) throw UserError("max_new_tokens must be at least 1, but is {}", s.max_new_tokens);
  if (!(s.repetition_penalty > 0))
    throw UserError("repetition_penalty must be above 0 (1: off), but is {}", s.repetition_penalty);
}

// A model that reads a text from left to right, each token once.
class CachedReader {
 public:
  CachedReader(const Decoder& model, int64_t capacity) : model_(model), cache_(capacity) {}

  // Logits [V] of what follows the tokens read so far and these.
  at::Tensor read(TokenBatch batch) {
    if (!batch.positions_ABT.defined())
      batch.positions_ABT =
          at::arange(position_, position_ + batch.length(), batch.ids_BT.options()).view({1, 1, batch.length()});
    ForwardContext context = model_.context(batch);
    context.cache = &cache_;
    context.begin = tokens_;
    tokens_ += batch.length();
    position_ = batch.positions_ABT.max().item<int64_t>() + 1;
    return model_.output(model_.hidden(batch, context)[0][-1], context);
  }

 private:
  const Decoder& model_;
  KvCache cache_;
  int64_t tokens_ = 0;    // read so far
  int64_t position_ = 0;  // of the next one; less than tokens_ where images take fewer positions than tokens
};

// A token of the answer, known as one where the prompt's roles are known.
TokenBatch next_token(const TokenBatch& prompt, int64_t id) {
  TokenBatch token = std::vector{id};
  if (prompt.roles_BT.defined()) token.roles_BT = roles_of_prompt(0, 1);
  return token;
}

}  // namespace

at::Tensor penalise_repetition(const at::Tensor& logits_V, const std::vector<int64_t>& occurred, double penalty) {
  const at::Tensor ids = at::tensor(occurred, at::kLong).to(logits_V.device());
  const at::Tensor own = logits_V.index_select(0, ids);
  return logits_V.index_copy(0, ids, at::where(own > 0, own / penalty, own * penalty));
}

std::vector<int64_t> generate_greedy(const Decoder& model, const TokenBatch& prompt, const GreedySettings& settings,
                                     const TokenObserver& observer) {
  const at::NoGradGuard no_grad;
  check(model, prompt, settings);
  CachedReader reader(model, prompt.length() + settings.max_new_tokens);
  std::vector<int64_t> text = ids_of(prompt.ids_BT), answer;
  TokenBatch unread = prompt;
  while (std::ssize(answer) < settings.max_new_tokens) {
    const at::Tensor logits_V = reader.read(unread).to(at::kFloat);
    const auto id = penalise_repetition(logits_V, text, settings.repetition_penalty).argmax().item<int64_t>();
    if (model.config.ends_answer(id)) break;
    if (observer) observer(id);
    text.push_back(id);
    answer.push_back(id);
    unread = next_token(prompt, id);
  }
  return answer;
}

}  // namespace freeact
