#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "eval/decoding.h"
#include "eval/scoring.h"
#include "generation/text.h"
#include "tokenizer/chat.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/random.h"

namespace freeact {
namespace {

// The text before {answer}, then max_new_tokens masks.
std::vector<TokenSequence> append_answers(const DatasetPart& part, const AnswerSettings& s, const Decoder& model,
                                          const Tokenizer& tokenizer, const ChatTemplate* chat) {
  std::vector<TokenSequence> sequences;
  for (const TaskItem& item : part.items) {
    const std::string where = fmt::format("{} item {}", part.name, sequences.size());
    const std::string before = surroundings(part.layout, item.input, where).before;
    TokenSequence sequence;
    sequence.masked = tokenizer.encode(chat ? chat->render({{"user", before}}) : before);
    if (sequence.masked.empty()) throw UserError("{}: nothing stands before the answer", where);
    sequence.answer_begin = sequence.masked.size();
    sequence.answer_end = sequence.answer_begin + static_cast<size_t>(s.max_new_tokens);
    sequence.masked.resize(sequence.answer_end, model.config.mask_id);
    sequences.push_back(std::move(sequence));
  }
  return sequences;
}

// As the harnesses do: stops may be special tokens, which are dropped only after the cut.
std::string open_answer(std::string text, const AnswerSettings& s, const Tokenizer& tokenizer,
                        const ChatTemplate* chat) {
  std::vector<std::string> stops = s.stops;
  if (chat) stops.emplace_back(end_of_turn(chat->family()));
  text = cut_at_stops(std::move(text), stops);
  return tokenizer.decode(tokenizer.encode(text), /*skip_special=*/true);
}

std::vector<std::string> answers(const DatasetPart& part, const EvalTaskSettings& settings, const Decoder& model,
                                 const Tokenizer& tokenizer, uint64_t seed, const ChatTemplate* chat) {
  const AnswerSettings& s = settings.generation;
  const bool open = s.max_new_tokens > 0;
  const auto sequences = open ? append_answers(part, s, model, tokenizer, chat)
                              : lay_out_all(part, tokenizer, diffusion_ids(model.config));
  const auto completed = model.config.causal ? continue_greedily(sequences, s, model)
                                             : complete(sequences, s, settings.batch_size, model, tokenizer, seed);
  std::vector<std::string> texts;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const std::string text = answer_text(completed[i], sequences[i], tokenizer, model.config.eos_id);
    texts.push_back(open ? open_answer(text, s, tokenizer, chat) : cut_at_stops(text, s.stops));
  }
  return texts;
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
                               const ChatTemplate* chat) {
  const at::NoGradGuard no_grad;
  if (settings.generation.chat != (chat != nullptr))
    throw UserError("task '{}': generation.chat needs the model's chat template, and nothing else may have one",
                    settings.name);
  TaskResult result = {settings.name, settings.version, {}, {}};
  std::vector<double> scores;
  for (const DatasetPart& part : parts) {
    const auto outputs = answers(part, settings, model, tokenizer, derive_seed(seed, part.name), chat);
    for (size_t i = 0; i < outputs.size(); ++i) {
      scores.push_back(outputs[i] == part.items[i].answer ? 1 : 0);
      result.samples.push_back(
          {static_cast<int64_t>(result.samples.size()), sha256(part.items[i].input), outputs[i], scores.back()});
    }
  }
  result.metrics = {percentage("exact_match", scores)};
  return result;
}

}  // namespace freeact
