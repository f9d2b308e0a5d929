// Whether an answer that was written is the right one.
#pragma once

#include <string>

namespace freeact {

// 1 or 0. metric: "exact_match", character by character; or "relaxed_accuracy", ChartQA's by VLMEvalKit's rule
// (scoring/chartqa.cpp).
double score_answer(const std::string& metric, const std::string& given, const std::string& right);

}  // namespace freeact
