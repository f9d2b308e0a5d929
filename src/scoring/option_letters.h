// Which option of a multiple-choice question an answer names, by the rules of the harnesses.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace freeact {

using Options = std::map<char, std::string>;  // 'A' -> "umbrella"

// A document's "options": {"A": "umbrella", ...}, or else the document's own keys "A", "B" and so on, as in a line of
// VLMEvalKit's files; null is no option. Throws UserError where there are none.
Options options_of(const nlohmann::json& document);

// VLMEvalKit's can_infer: a letter among the answer's words, else "answer is X", else the text of one option. 'Z' where
// the answer is a refusal or says Z itself; nothing where no rule reads it.
std::optional<char> vlmevalkit_letter(const std::string& answer, const Options& options);

// The same of lmms-eval's MMBench: a letter A to E among the words, alone or with a mark or two, else the text of one
// option of A to D.
std::optional<char> mmbench_letter(const std::string& answer, const Options& options);

// lmms-eval's MMMU: the last letter in brackets, before a blank or before a dot, else the last option text of an answer
// of more than five words. Nothing where lmms-eval draws a letter at random.
std::optional<char> mmmu_letter(const std::string& answer, const Options& options);

}  // namespace freeact
