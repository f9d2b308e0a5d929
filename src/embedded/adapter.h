// An adapter as a file, and the ordinary checkpoint it makes of its base.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "model/decoder.h"
#include "quant/site.h"

namespace freeact {

// Names of an adapter file's tensors: MODULE + kLoraA [R, D], MODULE + kLoraB [O, R], and the mask embedding [D].
inline constexpr const char* kLoraA = ".lora_A.weight";
inline constexpr const char* kLoraB = ".lora_B.weight";
inline constexpr const char* kMaskEmbedding = "mask_embedding";

// Published names of the linears of a site, without ".weight".
std::vector<std::string> adapted_modules(SiteId site, int64_t block);

// fn(published module, its A [R, D], its B [O, R]) for every linear; both share memory with the factors that
// attach_lora() gave for the decoder.
void for_each_factor(
    const Decoder& decoder, const TensorMap& factors,
    const std::function<void(const std::string& module, const at::Tensor& a, const at::Tensor& b)>& fn);

// Writes the adapter's model as a Hugging Face folder of Dream's form: config.json, model.safetensors (bfloat16) and
// the tokenizer's files; always the same bytes. An adapter file's metadata holds its scale. Throws UserError when
// adapter and base do not fit each other.
void merge_adapter(const std::filesystem::path& base, const std::filesystem::path& adapter,
                   const std::filesystem::path& out);

}  // namespace freeact
