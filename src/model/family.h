// Families of published models: how config.json and the tensor names of each map to the one Decoder.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "checkpoint/folder.h"
#include "model/decoder.h"
#include "model/vision_tower.h"
#include "util/error.h"

namespace freeact {

// Published module names; "{}" stands for the block number. Tensors are NAME.weight and, where there is one, NAME.bias.
struct ModuleNames {
  std::string embedding, final_norm, head;
  std::string attention_norm, mlp_norm;
  std::string query = {}, key = {}, value = {};  // empty where they are fused
  std::string attention_output, gate, up, down;
  // InternLM2: query, key and value in one tensor [(H + 2 G) K, D]; its rows are, for each of the G key/value heads,
  // the H / G query heads it serves, the key head and the value head.
  std::string fused_qkv = {};
};

struct Family {
  std::string name;
  // Values of "model_type" in config.json; behind a slash that of its "llm_config", where it has one.
  std::vector<std::string> model_types;
  DecoderConfig (*read_config)(const nlohmann::json& config);  // key by key; see read_decoder_config
  ModuleNames modules;
  // The part that sees images, of the whole config.json; null for models of text.
  std::unique_ptr<VisionTower> (*make_vision)(const nlohmann::json& config) = nullptr;
};

// All families, in one visible table. A new family is one file and one line here.
const std::vector<Family>& families();
// By name, or by config.json's model_type when name is empty. Throws UserError listing the known ones.
const Family& find_family(const std::string& name, const nlohmann::json& config);

Family dream_family();
Family llada_family();
Family llama_family();
Family qwen2_5_vl_family();
Family internvl_family();
Family internvl_llama_family();

// Reads config.json with family.read_config and checks what no single key tells: sizes within limits, heads that
// divide, token ids within the rows of the embedding. Throws one UserError naming the value.
DecoderConfig read_decoder_config(const Family& family, const nlohmann::json& config);

// Calls fn(tensor name, expected shape, tensor) for every tensor of the decoder; blocks are resized to the config
// first.
void visit_tensors(Decoder& decoder, const ModuleNames& modules, const TensorVisitor& fn);

// The tensor table a checkpoint must hold. It has a line per tensor, so an untrusted config is checked first.
std::vector<TensorSpec> expected_tensors(const DecoderConfig& config, const ModuleNames& modules);

// Builds a decoder from any source of named tensors, brought to device and cast to dtype there.
Decoder build_decoder(const DecoderConfig& config, const ModuleNames& modules,
                      const std::function<at::Tensor(const std::string&)>& source, at::ScalarType dtype,
                      at::Device device = at::kCPU);

// What a checkpoint holds. vision is null for models of text.
struct LoadedNetwork {
  Decoder decoder;
  std::unique_ptr<VisionTower> vision;
};

// Checks config.json and the tensor table, then loads tensor by tensor straight to device: the memory needed is the
// model's and one tensor's. On the CPU, tensors that the file holds in dtype stay views of the mapped file.
// family may be empty (see find_family).
LoadedNetwork load_network(const CheckpointFolder& folder, const std::string& family, at::ScalarType dtype,
                           at::Device device = at::kCPU);
// The same without the vision tower.
Decoder load_decoder(const CheckpointFolder& folder, const std::string& family, at::ScalarType dtype,
                     at::Device device = at::kCPU);

// "eos_token_id" of config.json: one token or a list of them. The first is eos_id, the others are more_stop_ids.
void read_stop_ids(const nlohmann::json& config, DecoderConfig& decoder);

// The value of a key is of the wrong type; wanted says what it must be.
[[noreturn]] void refuse_config_value(const char* key, const nlohmann::json& value, const char* wanted);

// A required key of config.json; throws UserError naming it. Stricter than the JSON library, which makes whole numbers
// of 2.7 and true.
template <typename T>
T config_value(const nlohmann::json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) throw UserError("config.json lacks the key '{}'", key);
  if constexpr (std::is_same_v<T, bool>) {
    if (!found->is_boolean()) refuse_config_value(key, *found, "true or false");
  } else if constexpr (std::is_integral_v<T>) {
    const bool fits =
        found->is_number_unsigned() ? std::in_range<T>(found->template get<uint64_t>()) : found->is_number_integer();
    if (!fits) refuse_config_value(key, *found, "a whole number of 64 bits");
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!found->is_number()) refuse_config_value(key, *found, "a number");
  } else {
    static_assert(std::is_same_v<T, std::string>);
    if (!found->is_string()) refuse_config_value(key, *found, "a text");
  }
  return found->template get<T>();
}

// The same with a default for an absent or null key.
template <typename T>
T config_value_or(const nlohmann::json& config, const char* key, T fallback) {
  const auto found = config.find(key);
  return found == config.end() || found->is_null() ? fallback : config_value<T>(config, key);
}

}  // namespace freeact
