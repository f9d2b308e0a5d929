#include "eval/answer_details.h"

#include <span>

#include "eval/shown.h"

namespace freeact {

std::string written_text(const Respondent& respondent, const Response& response) {
  return respondent.tokenizer.decode(ids_before_end(response, respondent.models.config().eos_id));
}

AnswerDetails answer_details(const Respondent& respondent, const std::string& prompt, const Response& response,
                             const Json& judged) {
  return {.prompt = prompt,
          .response = written_text(respondent, response),
          .judged = judged.dump(-1, ' ', false, Json::error_handler_t::replace),  // bytes that are no UTF-8
          .tokens = std::ssize(ids_before_end(response, respondent.models.config().eos_id)),
          .steps = response.steps,
          .seconds = response.seconds};
}

void keep_order(const Respondent& respondent, const Response& response, int64_t index,
                std::vector<UnmaskedItem>& kept) {
  if (response.written_at.empty() || kept.size() == kShownItems) return;
  UnmaskedItem& item = kept.emplace_back(UnmaskedItem{index, {}});
  for (size_t i = 0; i < response.ids.size(); ++i)
    item.tokens.push_back({respondent.tokenizer.decode(std::span(&response.ids[i], 1)), response.written_at[i]});
}

}  // namespace freeact
