// A model folder in the Hugging Face layout: config.json and model.safetensors, one file or shards with an index.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"

namespace freeact {

// What a model expects of one tensor of its checkpoint.
struct TensorSpec {
  std::string name;
  std::vector<int64_t> shape;
};

class CheckpointFolder {
 public:
  // Opens config.json and all weight files (headers only). Throws UserError when something is missing or broken.
  explicit CheckpointFolder(const std::filesystem::path& folder);

  const std::filesystem::path& path() const { return folder_; }
  const nlohmann::json& config() const { return config_; }
  bool contains(const std::string& name) const { return file_of_.count(name) > 0; }
  std::vector<std::string> names() const;  // of all tensors
  at::Tensor tensor(const std::string& name) const;
  // See SafetensorsFile::load.
  at::Tensor load(const std::string& name, at::ScalarType dtype, at::Device device = at::kCPU) const;

  // "quantization_config.quant_method" of config.json, "" for a model that is not quantised.
  std::string quant_method() const;

  // Holds the whole tensor table against what the model expects before any byte of data is read. One UserError lists
  // every missing, surplus and misshapen tensor, and those whose numbers are no floating-point ones; another one says
  // so where the folder holds a quantised model.
  void check(const std::vector<TensorSpec>& expected) const;

  // SHA-256 over config.json and the weight files, in name order.
  std::string hash() const;

 private:
  void open_weights();
  void refuse_quantised() const;
  const SafetensorsFile& file_of(const std::string& tensor) const;

  std::filesystem::path folder_;
  nlohmann::json config_;
  std::vector<std::filesystem::path> paths_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, size_t> file_of_;
};

}  // namespace freeact
