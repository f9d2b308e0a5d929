#include "generation/greedy.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "util/error.h"

namespace freeact {
namespace {

void check(const Decoder& model, const std::vector<int64_t>& prompt, const GreedySettings& s) {
  if (!model.config.causal)
    throw UserError("the model ({}) is not autoregressive; use its sampler ({})", model.config.family,
                    model.config.sampler);
  if (prompt.empty()) throw UserError("the prompt is empty; the first token needs one to be predicted from");
  if (s.max_new_tokens <= 0) throw UserError("max_new_tokens must be at least 1, but is {}", s.max_new_tokens);
  if (!(s.repetition_penalty > 0))
    throw UserError("repetition_penalty must be above 0 (1: off), but is {}", s.repetition_penalty);
}

// A model that reads a text from left to right, each token once.
class CachedReader {
 public:
  CachedReader(const Decoder& model, int64_t capacity)
      : model_(model), whole_(model.context(at::zeros({1, capacity}, ids_options()))), cache_(capacity) {}

  // Logits [V] of what follows the tokens read so far and these.
  at::Tensor read(const std::vector<int64_t>& ids) {
    const at::Tensor ids_BT = at::tensor(ids, at::kLong).to(model_.embedding.device()).unsqueeze(0);
    const int64_t end = position_ + ids_BT.size(1);
    ForwardContext context = whole_.window(cache_, position_, end);
    context.types_BT = model_.types(ids_BT);
    position_ = end;
    return model_.output(model_.hidden(ids_BT, context)[0][-1], context);
  }

 private:
  at::TensorOptions ids_options() const { return model_.embedding.options().dtype(at::kLong); }
  const Decoder& model_;
  ForwardContext whole_;
  KvCache cache_;
  int64_t position_ = 0;
};

}  // namespace

at::Tensor penalise_repetition(const at::Tensor& logits_V, const std::vector<int64_t>& occurred, double penalty) {
  const at::Tensor ids = at::tensor(occurred, at::kLong).to(logits_V.device());
  const at::Tensor own = logits_V.index_select(0, ids);
  return logits_V.index_copy(0, ids, at::where(own > 0, own / penalty, own * penalty));
}

std::vector<int64_t> generate_greedy(const Decoder& model, const std::vector<int64_t>& prompt,
                                     const GreedySettings& settings, const TokenObserver& observer) {
  const at::NoGradGuard no_grad;
  check(model, prompt, settings);
  CachedReader reader(model, std::ssize(prompt) + settings.max_new_tokens);
  std::vector<int64_t> text = prompt, answer, unread = prompt;
  while (std::ssize(answer) < settings.max_new_tokens) {
    const at::Tensor logits_V = reader.read(unread).to(at::kFloat);
    const auto id = penalise_repetition(logits_V, text, settings.repetition_penalty).argmax().item<int64_t>();
    if (id == model.config.eos_id) break;
    if (observer) observer(id);
    text.push_back(id);
    answer.push_back(id);
    unread = {id};
  }
  return answer;
}

}  // namespace freeact
