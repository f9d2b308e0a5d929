#include "verify/quant_case.h"

#include <ATen/ATen.h>

#include "model/family.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;

// Where the tiny model's weights stand in the file: "mha_pow2.orig." from "mha_pow2.orig.* (...)".
std::string weight_prefix(const json& model) {
  const std::string words = model.value("weights", "orig.*");
  return words.substr(0, words.find('*'));
}

}  // namespace

QuantCase::QuantCase(const json& description, const json& siblings, const SafetensorsFile& tensors)
    : description_(description),
      siblings_(siblings),
      tensors_(tensors),
      name_(description.at("name").get<std::string>()) {}

const json& QuantCase::shared_param(const std::string& key) const {
  if (params().contains(key)) return params().at(key);
  for (const auto& other : siblings_)
    if (other.at("params").value("kind", "") == kind() && other.at("params").contains(key))
      return other.at("params").at(key);
  throw UserError("no case of the kind '{}' states '{}'", kind(), key);
}

std::vector<std::string> QuantCase::outputs() const {
  std::vector<std::string> names;
  for (const auto& [role, entry] : description_.at("outputs").items()) names.push_back(role);
  return names;
}

at::Tensor QuantCase::in(const std::string& role) const {
  const auto& inputs = description_.at("inputs");
  if (!inputs.contains(role)) throw UserError("the case has no input '{}'", role);
  return tensors_.tensor(inputs.at(role).at("tensor").get<std::string>());
}

std::vector<std::string> QuantCase::roles(const std::string& prefix) const {
  std::vector<std::string> names;
  for (const auto& [role, entry] : description_.at("inputs").items())
    if (role.starts_with(prefix)) names.push_back(role.substr(prefix.size()));
  return names;
}

at::Tensor QuantCase::reference(const std::string& role) const {
  return tensors_.tensor(description_.at("outputs").at(role).at("tensor").get<std::string>());
}

void QuantCase::expect(const std::string& role, const at::Tensor& ours) {
  if (!wants(role)) return;
  const auto tolerance = Tolerance::from_json(description_.at("outputs").at(role).at("tol"));
  lines_.push_back(compare(name_, role, ours.detach(), reference(role), tolerance));
  seen_.insert(role);
}

std::vector<CheckLine> QuantCase::finish() {
  for (const auto& role : outputs())
    if (!seen_.count(role))
      lines_.push_back(failed_line(name_, role, "this output is not understood: nothing of ours was compared with it"));
  return std::move(lines_);
}

Decoder QuantCase::tiny_llama() const {
  json model = params().at("model");
  const std::string prefix = weight_prefix(model);
  const auto source = [&](const std::string& name) {
    return has("orig." + name) ? in("orig." + name) : tensors_.tensor(prefix + name);
  };
  model["vocab_size"] = source("model.embed_tokens.weight").size(0);
  const Family& family = find_family("llama", model);
  return build_decoder(family.read_config(model), family.modules, source, at::kFloat);
}

LinearPlace linear_place(const std::string& name) {
  static const std::map<std::string, LinearPlace> places = {
      {"q_proj", {SiteId::kAttentionQkv, 0}}, {"k_proj", {SiteId::kAttentionQkv, 1}},
      {"v_proj", {SiteId::kAttentionQkv, 2}}, {"o_proj", {SiteId::kAttentionOutput, 0}},
      {"gate_proj", {SiteId::kMlpGateUp, 0}}, {"up_proj", {SiteId::kMlpGateUp, 1}},
      {"down_proj", {SiteId::kMlpDown, 0}}};
  return places.at(name.substr(name.rfind('.') + 1));
}

const std::vector<std::string>& llama_linears() {
  static const std::vector<std::string> names = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                                                 "self_attn.o_proj", "mlp.gate_proj",    "mlp.up_proj",
                                                 "mlp.down_proj"};
  return names;
}

}  // namespace freeact
