#include "eval/respond.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <mutex>

#include "eval/decoding.h"
#include "eval/questions.h"
#include "eval/rows.h"
#include "eval/unmasking_order.h"
#include "generation/text.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/out_of_memory.h"
#include "util/progress.h"

namespace freeact {
namespace {

// The images stand where the family has them: in front of the last question.
std::vector<Message> with_images(const Respondent& r, const Ask& ask) {
  std::vector<Message> messages = ask.messages;
  if (ask.images.empty()) return messages;
  const auto last = std::find_if(messages.rbegin(), messages.rend(), [](const Message& m) { return m.role == "user"; });
  FREEACT_CHECK(last != messages.rend(), "a conversation needs a question");
  *last = question_with_images(r.prompter->chat().family(), last->content, ask.images.size());
  return messages;
}

TokenBatch prompt_of(const Respondent& r, const Ask& ask) {
  try {
    if (r.prompter) return r.prompter->prompt(with_images(r, ask), ask.images);
    if (!ask.images.empty()) throw UserError("the item has an image: ask in a chat (generation.chat)");
    const auto ids = r.tokenizer.encode(ask.text);
    if (ids.empty()) throw UserError("the prompt is empty");
    return given(ids);
  } catch (const UserError& error) {
    throw UserError("{}: {}", ask.place, error.what());
  }
}

// Everything about an item that the model sees, and its number: two alike may be answered differently.
std::string response_key(const Respondent& r, const Ask& ask, size_t item) {
  return fmt::format("{} {}", item, input_hash(rendered_prompt(r, ask), ask.images));
}

// Counts the items that are answered, of several threads.
class Progressing {
 public:
  explicit Progressing(const Respondent& respondent) : respondent_(respondent) {}
  void add(size_t items) {
    const std::lock_guard lock(mutex_);
    done_ += items;
    if (respondent_.on_progress) respondent_.on_progress(done_);
  }

 private:
  const Respondent& respondent_;
  std::mutex mutex_;
  size_t done_ = 0;
};

Response write_one(const Respondent& r, const Decoder& model, const Ask& asked) {
  const Stopwatch watch;
  const Decoder ending = r.prompter ? r.prompter->ending_turns(model) : model;
  Response response = {generate_greedy(ending, prompt_of(r, asked), greedy_settings(r.settings.generation)), 0, 0, {}};
  response.steps = std::ssize(response.ids) + 1;  // the last one ends the answer
  response.seconds = watch.seconds();
  return response;
}

// Autoregressive models are asked one by one.
std::vector<Response> respond_one_by_one(const Respondent& r, size_t count, const std::function<Ask(size_t)>& ask) {
  std::vector<Response> responses(count);
  Progressing progress(r);
  r.models.for_each(count, [&](const Decoder& model, size_t i) {
    const Ask asked = ask(i);
    const std::string key = response_key(r, asked, i);
    auto known = r.log.find(key);
    if (!known) r.log.add({{key, *(known = write_one(r, model, asked))}});
    responses[i] = *std::move(known);
    progress.add(1);
  });
  return responses;
}

// All items of a diffusion model, with the masks of their answers.
struct Sequences {
  std::vector<TokenSequence> sequences;
  std::vector<std::string> keys;
};

TokenSequence with_masks_behind(const Respondent& r, const Ask& ask) {
  TokenSequence sequence;
  sequence.masked = ids_of(prompt_of(r, ask).ids_BT);
  sequence.answer_begin = sequence.masked.size();
  sequence.answer_end = sequence.answer_begin + static_cast<size_t>(r.settings.generation.max_new_tokens);
  sequence.masked.resize(sequence.answer_end, r.models.config().mask_id);
  return sequence;
}

Sequences sequences_of(const Respondent& r, size_t count, const std::function<Ask(size_t)>& ask) {
  Sequences all;
  for (size_t i = 0; i < count; ++i) {
    const Ask asked = ask(i);
    all.sequences.push_back(asked.laid_out ? *asked.laid_out : with_masks_behind(r, asked));
    all.keys.push_back(response_key(r, asked, i));
  }
  return all;
}

std::vector<Response> write_batch(const Respondent& r, const Decoder& model, const Sequences& all, const Rows& rows) {
  const Stopwatch watch;
  UnmaskingOrder order(model.config.mask_id);
  const auto completed = complete_batch(all.sequences, rows, r.settings.generation, model, r.tokenizer, r.seed,
                                        [&](const Rows&, const at::Tensor& ids_BP) { order.observe(ids_BP); });
  const double seconds = watch.seconds() / static_cast<double>(rows.size());
  std::vector<Response> responses;
  for (size_t i = 0; i < rows.size(); ++i) {
    const TokenSequence& sequence = all.sequences[rows[i]];
    const auto begin = completed[i].begin();
    responses.push_back({{begin + static_cast<int64_t>(sequence.answer_begin),
                          begin + static_cast<int64_t>(std::min(sequence.answer_end, completed[i].size()))},
                         order.steps(),
                         seconds,
                         order.of_answer(i, sequence)});
  }
  return responses;
}

// Halves what does not fit into memory.
std::vector<Response> write_what_fits(const Respondent& r, const Decoder& model, const Sequences& all,
                                      const Rows& rows) {
  try {
    return write_batch(r, model, all, rows);
  } catch (const std::exception& error) {
    if (rows.size() == 1 || !is_out_of_memory(error)) throw;
  }
  const auto middle = rows.begin() + std::ssize(rows) / 2;
  auto responses = write_what_fits(r, model, all, {rows.begin(), middle});
  std::ranges::move(write_what_fits(r, model, all, {middle, rows.end()}), std::back_inserter(responses));
  return responses;
}

// A batch is taken from the log as a whole or written as a whole: its items see each other's length.
std::vector<Response> batch_responses(const Respondent& r, const Decoder& model, const Sequences& all,
                                      const Rows& rows) {
  std::vector<Response> known;
  for (const size_t row : rows)
    if (auto response = r.log.find(all.keys[row])) known.push_back(*std::move(response));
  if (known.size() == rows.size()) return known;
  auto written = write_what_fits(r, model, all, rows);
  std::vector<std::pair<std::string, Response>> entries;
  for (size_t i = 0; i < rows.size(); ++i) entries.emplace_back(all.keys[rows[i]], written[i]);
  r.log.add(entries);
  return written;
}

std::vector<Response> respond_in_batches(const Respondent& r, size_t count, const std::function<Ask(size_t)>& ask) {
  const Sequences all = sequences_of(r, count, ask);
  const auto batches = batches_of(all.sequences, r.models.config().mask_id, r.settings.batch_size);
  std::vector<Response> responses(count);
  Progressing progress(r);
  r.models.for_each(batches.size(), [&](const Decoder& model, size_t b) {
    auto batch = batch_responses(r, model, all, batches[b]);
    for (size_t i = 0; i < batch.size(); ++i) responses[batches[b][i]] = std::move(batch[i]);
    progress.add(batch.size());
  });
  return responses;
}

}  // namespace

std::string rendered_prompt(const Respondent& r, const Ask& ask) {
  if (ask.laid_out) return r.tokenizer.decode(ask.laid_out->masked);
  if (!r.prompter) return ask.text;
  return r.prompter->chat().render(with_images(r, ask), true, {std::vector<int64_t>(ask.images.size(), 1)});
}

std::vector<int64_t> ids_before_end(const Response& response, int64_t end_id) {
  return {response.ids.begin(), std::ranges::find(response.ids, end_id)};
}

std::vector<Response> respond(const Respondent& r, size_t count, const std::function<Ask(size_t)>& ask) {
  return r.models.config().causal ? respond_one_by_one(r, count, ask) : respond_in_batches(r, count, ask);
}

}  // namespace freeact
