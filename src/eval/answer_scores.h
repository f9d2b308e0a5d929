// Whether an answer that was written is the right one.
#pragma once

#include <string>

namespace freeact {

// 1 or 0. metric: "exact_match", character by character; or "relaxed_accuracy": both are numbers and the right one is
// not 0: within 5 % of it; else the same text whatever the case of the letters A to Z; white space around the given
// answer does not count. Numbers are what Python's float() reads of ASCII, or such a number with % behind it, a
// hundredth. Source: relaxed_correctness of VLMEvalKit, for ChartQA.
double score_answer(const std::string& metric, const std::string& given, const std::string& right);

}  // namespace freeact
