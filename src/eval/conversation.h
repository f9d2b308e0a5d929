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

// Refers to the prompter.
class Conversation {
 public:
  Conversation(const Decoder& model, const Prompter& prompter)
      : model_(prompter.ending_turns(model)), prompter_(prompter) {}

  // Nats per token of an answer and of the token that ends its turn.
  double nll(const TokenBatch& prompt, const std::string& answer) const;

 private:
  Decoder model_;
  const Prompter& prompter_;
};

}  // namespace freeact
