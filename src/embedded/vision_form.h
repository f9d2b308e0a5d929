// SmolLM2 with a small InternViT in the form of InternVL: an ordinary checkpoint folder that the suite reads as any
// other. Letters: D width of the language model.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "checkpoint/folder.h"
#include "embedded/vision_recipe.h"

namespace freeact {

// The tokens behind those of the base, in the order of their ids. Features replace the last one.
inline constexpr const char* kImageOpen = "<img>";
inline constexpr const char* kImageClose = "</img>";
inline constexpr const char* kImageContext = "<IMG_CONTEXT>";

// config.json. first_id: of the new tokens. Throws UserError when the base is no Llama.
nlohmann::ordered_json vision_config_json(const nlohmann::json& llama, int64_t first_id, const TowerShape& tower);

// A tensor of the language model by its name in the base (without "language_model."); a vocabulary that is longer gets
// zeros.
at::Tensor language_tensor(const CheckpointFolder& base, const std::string& name, const std::vector<int64_t>& shape);

// An adapter file's tensors: LoRA factors as MODULE.lora_A.weight and .lora_B.weight of the base's modules, the tower's
// under their published names, and the embeddings [D] of the two new tokens that are learnt.
inline constexpr const char* kOpenEmbedding = "image_open_embedding";
inline constexpr const char* kCloseEmbedding = "image_close_embedding";

// Writes the folder: config.json, generation_config.json, model.safetensors (bfloat16), the tokenizer's files; always
// the same bytes. Throws UserError when adapter and base do not fit each other.
void merge_vision_adapter(const std::filesystem::path& base, const std::filesystem::path& adapter,
                          const TowerShape& tower, const std::filesystem::path& out);

}  // namespace freeact
