#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "eval/answer_details.h"
#include "eval/answer_scores.h"
#include "eval/conversation.h"
#include "eval/questions.h"
#include "eval/respond.h"
#include "eval/scoring.h"
#include "eval/shown.h"
#include "util/error.h"
#include "util/random.h"
#include "util/text.h"

namespace freeact {
namespace {

// How an item of a part is asked: its answer solved in place, written behind the text before it, or as a turn of a
// chat.
std::function<Ask(size_t)> asking(const DatasetPart& part, const Respondent& r) {
  if (r.settings.generation.max_new_tokens == 0)
    return [sequences = lay_out_all(part, r.tokenizer, diffusion_ids(r.models.config())), &part](size_t i) {
      return Ask{.text = {}, .messages = {}, .images = {}, .place = part.place(i), .laid_out = sequences[i]};
    };
  return [&part, &r](size_t i) {
    const std::string before = surroundings(part.layout, part.items[i].input, part.place(i)).before;
    if (before.empty()) throw UserError("{}: nothing stands before the answer", part.place(i));
    return Ask{before, {{"user", before}}, load_pictures(part, i), part.place(i)};
  };
}

// The answer's text: cut at the stops, and where its length is open also at the end of its turn.
std::string answer_of(const Respondent& r, const std::string& written) {
  const AnswerSettings& s = r.settings.generation;
  return s.max_new_tokens > 0 ? open_answer(written, s, r.tokenizer, r.prompter) : cut_at_stops(written, s.stops);
}

// What comes of the items of a task, one after the other.
class Results {
 public:
  explicit Results(const EvalTaskSettings& settings)
      : settings_(settings), result_{settings.name, settings.version, {}, {}} {}

  void add(const Respondent& r, const TaskItem& item, const Ask& ask, const Response& response) {
    const std::string hash = input_hash(item.input, ask.images);
    show(item, ask, hash);
    const std::string answer = answer_of(r, written_text(r, response));
    scores_.push_back(score_answer(settings_.metric, answer, item.answer));
    const Json judged = {{settings_.metric, {{"answer", answer}, {"score", scores_.back()}}}};
    keep_order(r, response, std::ssize(result_.samples), result_.unmasked);
    result_.samples.push_back({std::ssize(result_.samples), hash, answer, scores_.back(),
                               answer_details(r, rendered_prompt(r, ask), response, judged)});
  }
  void add_nll(double nll) { nlls_.push_back(nll); }
  TaskResult finish() {
    result_.metrics = {percentage(settings_.metric, scores_)};
    if (settings_.answer_nll) result_.metrics.push_back(nll_metric("", nlls_));
    return std::move(result_);
  }

 private:
  void show(const TaskItem& item, const Ask& ask, const std::string& hash) {
    if (ask.images.empty() || result_.shown.size() == kShownItems) return;
    result_.shown.push_back(
        {std::ssize(result_.samples), hash, item.input, item.answer, shown_picture(ask.images.front())});
  }

  const EvalTaskSettings& settings_;
  TaskResult result_;
  std::vector<double> scores_, nlls_;
};

void add_part(const DatasetPart& part, const Respondent& r, Results& results) {
  const auto ask = asking(part, r);
  const auto responses = respond(r, part.items.size(), ask);
  for (size_t i = 0; i < responses.size(); ++i) results.add(r, part.items[i], ask(i), responses[i]);
}

// Nats per token of the right answers.
void add_nlls(const DatasetPart& part, const Respondent& r, Results& results) {
  std::vector<double> nlls(part.items.size());
  r.models.for_each(nlls.size(), [&](const Decoder& model, size_t i) {
    const TokenBatch prompt = prompt_of(question_of(part, i), *r.prompter, part.place(i));
    nlls[i] = Conversation(model, *r.prompter).nll(prompt, part.items[i].answer);
  });
  for (const double nll : nlls) results.add_nll(nll);
}

}  // namespace

std::string answer_text(const std::vector<int64_t>& ids, const TokenSequence& sequence, const Tokenizer& tokenizer,
                        int64_t end_id) {
  const auto begin = ids.begin() + static_cast<int64_t>(sequence.answer_begin);
  const auto slot_end = ids.begin() + static_cast<int64_t>(std::min(sequence.answer_end, ids.size()));
  return tokenizer.decode({begin, std::find(begin, slot_end, end_id)});
}

TaskResult evaluate_generation(const std::vector<DatasetPart>& parts, const EvalTaskSettings& settings,
                               const Replicas& models, const Tokenizer& tokenizer, uint64_t seed,
                               const Prompter* prompter, EvaluationWatch watch) {
  const at::NoGradGuard no_grad;
  if (settings.generation.chat != (prompter != nullptr))
    throw UserError("task '{}': generation.chat needs the model's chat template, and nothing else may have one",
                    settings.name);
  Results results(settings);
  size_t all = 0, before = 0;
  for (const DatasetPart& part : parts) all += part.items.size();
  for (const DatasetPart& part : parts) {
    Respondent respondent = {settings, models, tokenizer, prompter, derive_seed(seed, part.name), watch.log};
    if (watch.on_item) respondent.on_progress = [&](size_t done) { watch.on_item(before + done, all); };
    add_part(part, respondent, results);
    before += part.items.size();
    if (settings.answer_nll) add_nlls(part, respondent, results);
  }
  return results.finish();
}

}  // namespace freeact
