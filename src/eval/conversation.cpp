#include "eval/conversation.h"

#include "generation/likelihood.h"
#include "util/text.h"

namespace freeact {

std::string open_answer(std::string text, const AnswerSettings& settings, const Tokenizer& tokenizer,
                        const Prompter* prompter) {
  std::vector<std::string> stops = settings.stops;
  if (prompter) stops.emplace_back(end_of_turn(prompter->chat().family()));
  text = cut_at_stops(std::move(text), stops);
  return tokenizer.decode(tokenizer.encode(text), /*skip_special=*/true);
}

double Conversation::nll(const TokenBatch& prompt, const std::string& answer) const {
  const auto ids = prompter_.answer(answer);
  return left_to_right_nll(model_, prompt, ids) / static_cast<double>(ids.size());
}

}  // namespace freeact
