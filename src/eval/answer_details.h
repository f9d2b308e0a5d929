// What is kept of how an answer came about.
#pragma once

#include <string>
#include <vector>

#include "eval/evaluate.h"
#include "eval/respond.h"
#include "util/fields.h"

namespace freeact {

// All that the model wrote up to the first end of sequence, special tokens included.
std::string written_text(const Respondent& respondent, const Response& response);

// prompt: as the model read it; judged: by scorer, what the rule took for the answer and its score.
AnswerDetails answer_details(const Respondent& respondent, const std::string& prompt, const Response& response,
                             const Json& judged);

// Adds the order in which an answer was unmasked, unless it was not, or as many are kept as people look at. A token
// that is part of a character is U+FFFD.
void keep_order(const Respondent& respondent, const Response& response, int64_t index, std::vector<UnmaskedItem>& kept);

}  // namespace freeact
