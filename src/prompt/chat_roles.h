// Whose token each one of a rendered conversation is. Letters: T tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace freeact {

// TokenRole [1, T] of a conversation in ChatML: what stands in a user's turn, images included, is the question, what
// stands in one of the assistant's the answer; the system message, the headers and the ends of turns are the system's.
at::Tensor chat_roles(const std::vector<int64_t>& ids, const Tokenizer& tokenizer);

}  // namespace freeact
