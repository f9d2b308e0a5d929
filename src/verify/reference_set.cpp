#include "verify/reference_set.h"

#include <ATen/ATen.h>

#include "util/error.h"
#include "util/files.h"

namespace freeact {

ReferenceSet::ReferenceSet(const std::filesystem::path& folder)
    : folder_(folder), io_(read_json(folder / "io.json")), tensors_(folder / "io.safetensors") {
  if (!io_.is_object() || !io_.contains("cases") || !io_.at("cases").is_object())
    throw UserError("'{}' has no object 'cases'", (folder / "io.json").string());
}

double ReferenceSet::bound(const char* key, double fallback) const {
  const auto bounds = io_.find("tolerance");
  if (bounds == io_.end() || !bounds->contains(key) || !bounds->at(key).is_number()) return fallback;
  return bounds->at(key).get<double>();
}

const nlohmann::json& ReferenceSet::image(const std::string& name) const {
  const auto images = io_.find("images");
  if (images == io_.end() || !images->contains(name)) throw UserError("io.json describes no image '{}'", name);
  return images->at(name);
}

int64_t ReferenceSet::special_id(const char* name) const {
  const auto ids = io_.find("special_ids");
  if (ids == io_.end() || !ids->contains(name) || !ids->at(name).is_number_integer()) return -1;
  return ids->at(name).get<int64_t>();
}

const CheckpointFolder& ReferenceSet::checkpoint() {
  if (!checkpoint_) checkpoint_.emplace(folder_);
  return *checkpoint_;
}

const Family& ReferenceSet::family() {
  return find_family("", read_json(folder_ / "config.json"));
}

const Decoder& ReferenceSet::model(at::ScalarType dtype) {
  if (network_ && network_->decoder.embedding.scalar_type() == dtype) return network_->decoder;
  network_.reset();  // before the next is loaded: two copies of 8B weights are more than many machines hold
  network_ = load_network(checkpoint(), "", dtype);
  DecoderConfig& config = network_->decoder.config;
  if (special_id("mask") >= 0) config.mask_id = special_id("mask");
  if (special_id("eos") >= 0) config.eos_id = special_id("eos");
  if (config.feature_id < 0) config.feature_id = special_id("<IMG_CONTEXT>");
  return network_->decoder;
}

const VisionTower& ReferenceSet::vision() {
  model(at::kFloat);
  if (!network_->vision) throw UserError("the model has no vision tower");
  return *network_->vision;
}

ReferenceCase::ReferenceCase(ReferenceSet& set, const std::string& name, const std::string& title)
    : set_(set), name_(name), title_(title) {
  const std::string prefix = name + ".";
  for (const auto& [tensor, info] : set.tensors().tensors())
    if (tensor.starts_with(prefix)) roles_.push_back(tensor.substr(prefix.size()));
}

at::Tensor ReferenceCase::optional_input(const std::string& role) {
  if (!set_.tensors().tensors().contains(name_ + "." + role)) return {};
  used_.insert(role);
  return set_.tensors().tensor(name_ + "." + role);
}

at::Tensor ReferenceCase::input(const std::string& role) {
  const at::Tensor tensor = optional_input(role);
  if (!tensor.defined()) throw UserError("io.safetensors has no input '{}.{}'", name_, role);
  return tensor;
}

void ReferenceCase::compare(const std::string& role, const at::Tensor& ours, const Tolerance& tolerance) {
  const at::Tensor stored = reference(role);
  if (stored.defined()) add(freeact::compare(title_, role, ours, stored, tolerance));
}

std::vector<CheckLine> ReferenceCase::finish() {
  for (const auto& role : roles_)
    if (!used_.contains(role)) lines_.push_back(failed_line(title_, role, "the suite does not know this output"));
  if (lines_.empty()) lines_.push_back(failed_line(title_, "*", "io.safetensors holds no output of this case"));
  return std::move(lines_);
}

std::vector<CheckLine> ReferenceCase::fail(const std::string& reason) {
  lines_.push_back(failed_line(title_, "*", reason));
  return std::move(lines_);
}

}  // namespace freeact
