// An autoregressive model asked in its chat template.
#pragma once

#include <string>

#include "eval/questions.h"
#include "eval/settings.h"
#include "model/decoder.h"

namespace freeact {

// An answer's text cut at the stops and at the end of its turn, and then without special tokens. As the harnesses do:
// stops may be special tokens, which are dropped only after the cut. prompter: null for answers outside of a chat.
std::string open_answer(std::string text, const AnswerSettings& settings, const Tokenizer& tokenizer,
                        const Prompter* prompter);

// Refers to all it is given but the model, whose tensors it shares.
class Conversation {
 public:
  Conversation(const AnswerSettings& settings, const Decoder& model, const Tokenizer& tokenizer,
               const Prompter& prompter);

  // Throws UserError naming the item's place.
  TokenBatch prompt(const Question& question, const std::string& place) const {
    return prompt_of(question, prompter_, place);
  }
  // Greedy, up to a token that ends an answer or the turn.
  std::string answer(const TokenBatch& prompt) const;
  // Nats per token of an answer and of the token that ends its turn.
  double nll(const TokenBatch& prompt, const std::string& answer) const;

 private:
  const AnswerSettings& settings_;
  Decoder model_;
  const Tokenizer& tokenizer_;
  const Prompter& prompter_;
};

}  // namespace freeact
