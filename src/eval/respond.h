// Asking a model, item by item or in batches, whatever its kind.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eval/layout.h"
#include "eval/replicas.h"
#include "eval/response_log.h"
#include "eval/settings.h"
#include "prompt/prompter.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

// What the model is to read.
struct Ask {
  std::string text;                // for a model that is asked outside of a chat
  std::vector<Message> messages;   // for a chat; an open last message of the assistant is continued
  std::vector<at::Tensor> images;  // uint8 [H, W, 3], in front of the last message of the user
  std::string place;               // for messages
  std::optional<TokenSequence> laid_out =
      {};  // for a diffusion model, in place of all this: the answer's masks in place
};

// Who is asked. Refers to all of it.
struct Respondent {
  const EvalTaskSettings& settings;  // generation and batch_size
  Replicas models;
  const Tokenizer& tokenizer;
  const Prompter* prompter;  // null: outside of a chat
  uint64_t seed;
  ResponseLog& log;
  std::function<void(size_t done)> on_progress = {};  // after each batch; may be null
};

// The prompt as text, special tokens included; an image is one token of its kind.
std::string rendered_prompt(const Respondent& respondent, const Ask& ask);

// The ids up to the first end of sequence.
std::vector<int64_t> ids_before_end(const Response& response, int64_t end_id);

// A response to each, those of the log and new ones, which go into it. Diffusion models are asked in the batches of
// batches_of(), always of the same items, so that a run that goes on computes what an undisturbed one does; a batch for
// which memory does not suffice is halved. ask(i) is called when item i is due, by several threads at once where there
// are several replicas. Throws UserError naming the item's place.
std::vector<Response> respond(const Respondent& respondent, size_t count, const std::function<Ask(size_t)>& ask);

}  // namespace freeact
