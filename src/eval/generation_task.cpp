#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "eval/answer_scores.h"
#include "eval/conversation.h"
#include "eval/decoding.h"
#include "eval/questions.h"
#include "eval/scoring.h"
#include "generation/text.h"
#include "image/encode_png.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/random.h"
#include "util/text.h"

namespace freeact {
namespace {

constexpr size_t kShownItems = 12;
constexpr int64_t kShownSide = 256;

// What was written for an item, and what identifies the item.
struct Answered {
  std::string text, input_hash;
};

// The text before {answer}, then max_new_tokens masks.
std::vector<TokenSequence> append_answers(const DatasetPart& part, const AnswerSettings& s, const Decoder& model,
                                          const Tokenizer& tokenizer, const Prompter* prompter) {
  std::vector<TokenSequence> sequences;
  for (const TaskItem& item : part.items) {
    const std::string where = part.place(sequences.size());
    const std::string before = surroundings(part.layout, item.input, where).before;
    TokenSequence sequence;
    sequence.masked = prompter ? ids_of(prompter->question(before).ids_BT) : tokenizer.encode(before);
    if (sequence.masked.empty()) throw UserError("{}: nothing stands before the answer", where);
    sequence.answer_begin = sequence.masked.size();
    sequence.answer_end = sequence.answer_begin + static_cast<size_t>(s.max_new_tokens);
    sequence.masked.resize(sequence.answer_end, model.config.mask_id);
    sequences.push_back(std::move(sequence));
  }
  return sequences;
}

std::vector<Answered> complete_part(const DatasetPart& part, const EvalTaskSettings& settings, const Decoder& model,
                                    const Tokenizer& tokenizer, uint64_t seed, const Prompter* prompter) {
  const AnswerSettings& s = settings.generation;
  const bool open = s.max_new_tokens > 0;
  const auto sequences = open ? append_answers(part, s, model, tokenizer, prompter)
                              : lay_out_all(part, tokenizer, diffusion_ids(model.config));
  const auto completed = model.config.causal ? continue_greedily(sequences, s, model)
                                             : complete(sequences, s, settings.batch_size, model, tokenizer, seed);
  std::vector<Answered> answers;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const std::string text = answer_text(completed[i], sequences[i], tokenizer, model.config.eos_id);
    answers.push_back(
        {open ? open_answer(text, s, tokenizer, prompter) : cut_at_stops(text, s.stops), sha256(part.items[i].input)});
  }
  return answers;
}

// What comes of the items of a task, one after the other.
class Results {
 public:
  explicit Results(const EvalTaskSettings& settings)
      : settings_(settings), result_{settings.name, settings.version, {}, {}} {}

  void add(const TaskItem& item, const Answered& answered) {
    scores_.push_back(score_answer(settings_.metric, answered.text, item.answer));
    result_.samples.push_back({std::ssize(result_.samples), answered.input_hash, answered.text, scores_.back()});
  }
  void add_nll(double nll) { nlls_.push_back(nll); }
  // Of the item that is added next.
  void show(const TaskItem& item, const Question& question) {
    if (question.images.empty() || result_.shown.size() == kShownItems) return;
    result_.shown.push_back({std::ssize(result_.samples), question.hash, item.input, item.answer,
                             encode_png(shrink_to_side(question.images.front(), kShownSide))});
  }
  TaskResult finish() {
    result_.metrics = {percentage(settings_.metric, scores_)};
    if (settings_.answer_nll) result_.metrics.push_back(nll_metric("", nlls_));
    return std::move(result_);
  }

 private:
  const EvalTaskSettings& settings_;
  TaskResult result_;
  std::vector<double> scores_, nlls_;
};

void converse(const DatasetPart& part, const EvalTaskSettings& settings, const Conversation& conversation,
              Results& results) {
  for (size_t i = 0; i < part.items.size(); ++i) {
    const TaskItem& item = part.items[i];
    const Question question = question_of(part, i);
    const TokenBatch prompt = conversation.prompt(question, part.place(i));
    results.show(item, question);
    results.add(item, {conversation.answer(prompt), question.hash});
    if (settings.answer_nll) results.add_nll(conversation.nll(prompt, item.answer));
  }
}

}  // namespace

std::string answer_text(const std::vector<int64_t>& ids, const TokenSequence& sequence, const Tokenizer& tokenizer,
                        int64_t end_id) {
  const auto begin = ids.begin() + static_cast<int64_t>(sequence.answer_begin);
  const auto slot_end = ids.begin() + static_cast<int64_t>(std::min(sequence.answer_end, ids.size()));
  return tokenizer.decode({begin, std::find(begin, slot_end, end_id)});
}

TaskResult evaluate_generation(const std::vector<DatasetPart>& parts, const EvalTaskSettings& settings,
                               const Decoder& model, const Tokenizer& tokenizer, uint64_t seed,
                               const Prompter* prompter) {
  const at::NoGradGuard no_grad;
  if (settings.generation.chat != (prompter != nullptr))
    throw UserError("task '{}': generation.chat needs the model's chat template, and nothing else may have one",
                    settings.name);
  Results results(settings);
  for (const DatasetPart& part : parts) {
    if (prompter && model.config.causal) {
      converse(part, settings, Conversation(settings.generation, model, tokenizer, *prompter), results);
      continue;
    }
    const auto answers = complete_part(part, settings, model, tokenizer, derive_seed(seed, part.name), prompter);
    for (size_t i = 0; i < answers.size(); ++i) results.add(part.items[i], answers[i]);
  }
  return results.finish();
}

}  // namespace freeact
