// How the VQA challenge and its descendants write an answer before they compare it.
#pragma once

#include <string>

namespace freeact {

// Without punctuation, by VLMEvalKit (process_punctuation): a mark that somewhere stands beside a blank is dropped, any
// other one becomes a blank; all are dropped where a comma stands between digits. Dots stay beside digits alone.
std::string vlmevalkit_without_marks(const std::string& text);

// Lower case without marks and articles, number words as digits, lost apostrophes back in their place.
std::string vlmevalkit_vqa_text(const std::string& answer);
std::string lmms_eval_vqa_text(const std::string& answer);

}  // namespace freeact
