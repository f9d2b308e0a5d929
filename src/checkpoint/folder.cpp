#include "checkpoint/folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "util/error.h"
#include "util/files.h"
#include "util/hash.h"

namespace freeact {
namespace {

// The first few of many complaints, so that a wrong checkpoint does not fill the screen.
std::string shortened(const std::vector<std::string>& items) {
  constexpr size_t kShown = 8;
  const std::vector<std::string> head(items.begin(), items.begin() + static_cast<long>(std::min(kShown, items.size())));
  std::string text = fmt::format("{}", fmt::join(head, ", "));
  if (items.size() > kShown) text += fmt::format(" and {} more", items.size() - kShown);
  return text;
}

// An index must not lead out of its folder.
bool is_plain_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

}  // namespace

CheckpointFolder::CheckpointFolder(const std::filesystem::path& folder) : folder_(folder) {
  if (!std::filesystem::is_directory(folder))
    throw UserError("no checkpoint folder '{}': give a folder with config.json and model.safetensors", folder.string());
  config_ = read_json(folder / "config.json");
  open_weights();
}

void CheckpointFolder::open_weights() {
  const auto index_path = folder_ / "model.safetensors.index.json";
  std::set<std::string> names = {"model.safetensors"};
  nlohmann::json map;
  if (std::filesystem::exists(index_path)) {
    names.clear();
    const nlohmann::json index = parse_json(read_file(index_path), index_path.string(), RepeatedKeys::kRefused);
    if (!index.is_object() || !index.contains("weight_map") || !index.at("weight_map").is_object())
      throw UserError("'{}' has no object 'weight_map'", index_path.string());
    map = index.at("weight_map");
    for (const auto& [tensor, file] : map.items()) {
      if (!file.is_string() || !is_plain_file_name(file.get<std::string>()))
        throw UserError("'{}': tensor '{}' names no file of the folder", index_path.string(), tensor);
      names.insert(file.get<std::string>());
    }
  }
  for (const auto& name : names) {
    paths_.push_back(folder_ / name);
    files_.emplace_back(paths_.back());
    for (const auto& [tensor, info] : files_.back().tensors())
      if (!file_of_.emplace(tensor, files_.size() - 1).second)
        throw UserError("'{}': tensor '{}' is in two of the files", folder_.string(), tensor);
  }
  for (const auto& [tensor, file] : map.items())
    if (!contains(tensor) || paths_[file_of_.at(tensor)] != folder_ / file.get<std::string>())
      throw UserError("'{}' promises tensor '{}' in {}, which does not hold it", index_path.string(), tensor,
                      file.dump());
}

const SafetensorsFile& CheckpointFolder::file_of(const std::string& tensor) const {
  const auto found = file_of_.find(tensor);
  if (found == file_of_.end()) refuse_quantised();
  if (found == file_of_.end()) throw UserError("checkpoint '{}' has no tensor '{}'", folder_.string(), tensor);
  return files_[found->second];
}

std::vector<std::string> CheckpointFolder::names() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : file_of_) names.push_back(name);
  return names;
}

std::string CheckpointFolder::quant_method() const {
  if (!config_.is_object() || !config_.contains("quantization_config")) return "";
  const auto& quantisation = config_.at("quantization_config");
  if (!quantisation.is_object() || !quantisation.contains("quant_method")) return "";
  const auto& method = quantisation.at("quant_method");
  return method.is_string() ? method.get<std::string>() : method.dump();
}

at::Tensor CheckpointFolder::tensor(const std::string& name) const {
  return file_of(name).tensor(name);
}

at::Tensor CheckpointFolder::load(const std::string& name, at::ScalarType dtype, at::Device device) const {
  return file_of(name).load(name, dtype, device);
}

void CheckpointFolder::check(const std::vector<TensorSpec>& expected) const {
  refuse_quantised();
  std::vector<std::string> missing, surplus, misfits;
  std::set<std::string> wanted;
  for (const auto& spec : expected) {
    wanted.insert(spec.name);
    const auto found = file_of_.find(spec.name);
    if (found == file_of_.end()) {
      missing.push_back(spec.name);
      continue;
    }
    const TensorInfo& info = files_[found->second].tensors().at(spec.name);
    if (info.shape != spec.shape)
      misfits.push_back(
          fmt::format("{} is {}, expected {}", spec.name, shape_text(info.shape), shape_text(spec.shape)));
    if (!at::isFloatingType(info.dtype))
      misfits.push_back(fmt::format("{} holds {}, expected floating-point numbers", spec.name, dtype_text(info.dtype)));
  }
  for (const auto& [name, file] : file_of_)
    if (!wanted.count(name)) surplus.push_back(name);
  if (missing.empty() && surplus.empty() && misfits.empty()) return;
  std::string text = fmt::format("checkpoint '{}' does not fit its config.json:", folder_.string());
  if (!missing.empty()) text += fmt::format(" missing {};", shortened(missing));
  if (!surplus.empty()) text += fmt::format(" surplus {};", shortened(surplus));
  if (!misfits.empty()) text += fmt::format(" {};", shortened(misfits));
  text.back() = '.';
  throw UserError(text);
}

void CheckpointFolder::refuse_quantised() const {
  const std::string method = quant_method();
  if (method.empty()) return;
  throw UserError("'{}' holds a quantised model (quant_method '{}'){}: give the checkpoint it was made of",
                  folder_.string(), method,
                  method == "freeact" ? ", which only 'freeact run' and 'freeact generate' read" : "");
}

std::string CheckpointFolder::hash() const {
  std::string all = sha256_file(folder_ / "config.json");
  for (const auto& path : paths_) all += sha256_file(path);
  return sha256(all);
}

}  // namespace freeact
