// Families of published models: how config.json and the tensor names of each map to the one Decoder.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "checkpoint/folder.h"
#include "model/decoder.h"
#include "util/error.h"

namespace freeact {

// Published module names; "{}" stands for the block number. Tensors are NAME.weight and, where there is one, NAME.bias.
struct ModuleNames {
  std::string embedding, final_norm, head;
  std::string attention_norm, mlp_norm;
  std::string query, key, value, attention_output, gate, up, down;
};

struct Family {
  std::string name;
  std::vector<std::string> model_types;  // values of "model_type" in config.json
  DecoderConfig (*read_config)(const nlohmann::json& config);
  ModuleNames modules;
};

// All families, in one visible table. A new family is one file and one line here.
const std::vector<Family>& families();
// By name, or by config.json's model_type when name is empty. Throws UserError listing the known ones.
const Family& find_family(const std::string& name, const nlohmann::json& config);

Family dream_family();
Family llada_family();
Family llama_family();

// Calls fn(tensor name, expected shape, tensor) for every tensor of the decoder; blocks are resized to the config
// first.
void visit_tensors(
    Decoder& decoder, const ModuleNames& modules,
    const std::function<void(const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor)>& fn);

// The tensor table a checkpoint must hold.
std::vector<TensorSpec> expected_tensors(const DecoderConfig& config, const ModuleNames& modules);

// Builds a decoder from any source of named tensors, cast to dtype.
Decoder build_decoder(const DecoderConfig& config, const ModuleNames& modules,
                      const std::function<at::Tensor(const std::string&)>& source, at::ScalarType dtype);

// Checks the tensor table, then loads. family may be empty (see find_family).
Decoder load_decoder(const CheckpointFolder& folder, const std::string& family, at::ScalarType dtype);

// A required key of config.json; throws UserError naming it.
template <typename T>
T config_value(const nlohmann::json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) throw UserError("config.json lacks the key '{}'", key);
  try {
    return found->get<T>();
  } catch (const nlohmann::json::exception&) {
    throw UserError("config.json: key '{}' has the unexpected value {}", key, found->dump());
  }
}

// The same with a default for an absent or null key.
template <typename T>
T config_value_or(const nlohmann::json& config, const char* key, T fallback) {
  const auto found = config.find(key);
  return found == config.end() || found->is_null() ? fallback : config_value<T>(config, key);
}

}  // namespace freeact
