// Which type each token has: what the sites of a model, the losses and the error analysis tell apart. A family has its
// own two (visible and mask, text and vision); the other schemes are finer or coarser. Letters: B sequences, T tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace freeact {

struct DecoderConfig;
struct TokenBatch;

// Whose token it is, as TokenBatch::roles_BT says it (int64). What ids do not tell: a token that has been unmasked
// looks like one of the prompt.
enum class TokenRole : int64_t {
  kSystem,    // the system message and the chat template
  kQuestion,  // what is given besides
  kAnswer,    // what the model writes, whether it is written yet or not
};

enum class TypeScheme {
  kFamily,                  // the family's own: visible, mask; text, vision; text
  kOne,                     // all alike
  kPromptGeneratedMask,     // masked diffusion: prompt, generated, mask
  kEarlyLateMask,           // masked diffusion: visible, early_mask, late_mask, by how much of the answer is masked
  kTextVisionSystemAnswer,  // autoregressive: text, vision (where the model sees images), system, answer
};

struct TokenTypeRule {
  TypeScheme scheme = TypeScheme::kFamily;
  // kEarlyLateMask: masks are late once they are less than this share of the answer (of the sequence, without roles).
  double late_mask_share = 0.5;

  // Whether the types depend on anything but ids.
  bool reads_roles() const { return scheme != TypeScheme::kFamily && scheme != TypeScheme::kOne; }

  // Types [B, T] of a batch, which has to hold whole sequences with kEarlyLateMask. Without roles all but masks and
  // images counts as given.
  at::Tensor types(const TokenBatch& batch, const DecoderConfig& config) const;
};

// "family", "one", "prompt_generated_mask", "early_late_mask", "text_vision_system_answer".
const std::vector<std::string>& type_scheme_names();
// Throws UserError naming the known ones.
TypeScheme parse_type_scheme(const std::string& name);

// Has a model tell its tokens apart by the rule: sets type_rule and, unless it is the family's, token_types. Throws
// UserError when tokens of this model have no such types.
void set_type_rule(DecoderConfig& config, const TokenTypeRule& rule);

// Roles [1, T] of a prompt of `prompt_length` tokens and an answer behind it.
at::Tensor roles_of_prompt(int64_t prompt_length, int64_t length);

// A prompt (B = 1) that is a question and nothing else, without a template.
TokenBatch given(const std::vector<int64_t>& ids);

// Roles [B, T] of sequences that are to be filled in: their masks are the answer, the rest is given.
at::Tensor roles_of_blanks(const at::Tensor& start_BT, int64_t mask_id);

}  // namespace freeact
