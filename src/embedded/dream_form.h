// An autoregressive Llama in the form of Dream, which was itself made from an autoregressive model: the same network
// without the causal mask, biases of zero, a vocabulary with one more token, [MASK], and embedding and head apart.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "checkpoint/folder.h"

namespace freeact {

// config.json of the Dream model. mask_id is the first id behind the tokenizer's; the vocabulary is padded to a
// multiple of 16 rows. Throws UserError when the base is no Llama.
nlohmann::ordered_json dream_config_json(const nlohmann::json& llama, int64_t mask_id);

// The base's tensor for a name of the Dream model, in float32: biases, and the rows of new tokens, are zero.
at::Tensor dream_tensor(const CheckpointFolder& base, const std::string& name, const std::vector<int64_t>& shape);

// Writes the base's tokenizer files with the token of mask_id added to them.
void write_dream_tokenizer(const std::filesystem::path& base, const std::filesystem::path& out, int64_t mask_id);

}  // namespace freeact
