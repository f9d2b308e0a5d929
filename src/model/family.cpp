#include "model/family.h"

#include <ATen/ATen.h>

#include "util/suggest.h"

namespace freeact {
namespace {

std::string in_block(const std::string& pattern, int64_t block) {
  return fmt::format(fmt::runtime(pattern), block);
}

// Checks that follow from several keys at once.
void check_dimensions(const DecoderConfig& c) {
  if (c.num_heads <= 0 || c.num_kv_heads <= 0 || c.num_heads % c.num_kv_heads != 0)
    throw UserError("config.json: {} attention heads cannot share {} key/value heads", c.num_heads, c.num_kv_heads);
  if (c.width <= 0 || c.head_width <= 0 || c.head_width % 2 != 0 || c.num_layers <= 0 || c.mlp_width <= 0 ||
      c.vocabulary_rows <= 0)
    throw UserError(
        "config.json: width {}, head width {} (must be even), layers {}, MLP width {} and vocabulary {} "
        "must be positive",
        c.width, c.head_width, c.num_layers, c.mlp_width, c.vocabulary_rows);
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> table = {dream_family(), llada_family(), llama_family()};
  return table;
}

const Family& find_family(const std::string& name, const nlohmann::json& config) {
  const std::string model_type = config_value_or<std::string>(config, "model_type", "");
  std::vector<std::string> known;
  for (const Family& family : families()) {
    known.push_back(family.name);
    if (name == family.name) return family;
    for (const auto& type : family.model_types)
      if (name.empty() && type == model_type) return family;
  }
  throw UserError(name.empty() ? unknown_name("model family for config.json's model_type", model_type, known)
                               : unknown_name("model family", name, known));
}

void visit_tensors(Decoder& decoder, const ModuleNames& modules,
                   const std::function<void(const std::string&, const std::vector<int64_t>&, at::Tensor&)>& fn) {
  const DecoderConfig& c = decoder.config;
  decoder.blocks.resize(static_cast<size_t>(c.num_layers));
  fn(modules.embedding + ".weight", {c.vocabulary_rows, c.width}, decoder.embedding);
  const auto linear = [&](const std::string& name, Linear& layer, int64_t out, int64_t in, bool bias) {
    fn(name + ".weight", {out, in}, layer.weight);
    if (bias) fn(name + ".bias", {out}, layer.bias);
  };
  const int64_t query_width = c.num_heads * c.head_width, key_width = c.num_kv_heads * c.head_width;
  for (int64_t i = 0; i < c.num_layers; ++i) {
    Block& block = decoder.blocks[static_cast<size_t>(i)];
    block.index = i;
    auto& qkv = block.at(SiteId::kAttentionQkv);
    auto& gate_up = block.at(SiteId::kMlpGateUp);
    qkv.resize(3);
    gate_up.resize(2);
    block.at(SiteId::kAttentionOutput).resize(1);
    block.at(SiteId::kMlpDown).resize(1);
    fn(in_block(modules.attention_norm, i) + ".weight", {c.width}, block.attention_norm);
    linear(in_block(modules.query, i), qkv[0], query_width, c.width, c.qkv_bias);
    linear(in_block(modules.key, i), qkv[1], key_width, c.width, c.qkv_bias);
    linear(in_block(modules.value, i), qkv[2], key_width, c.width, c.qkv_bias);
    linear(in_block(modules.attention_output, i), block.at(SiteId::kAttentionOutput)[0], c.width, query_width, false);
    fn(in_block(modules.mlp_norm, i) + ".weight", {c.width}, block.mlp_norm);
    linear(in_block(modules.gate, i), gate_up[0], c.mlp_width, c.width, false);
    linear(in_block(modules.up, i), gate_up[1], c.mlp_width, c.width, false);
    linear(in_block(modules.down, i), block.at(SiteId::kMlpDown)[0], c.width, c.mlp_width, false);
  }
  fn(modules.final_norm + ".weight", {c.width}, decoder.final_norm);
  if (!c.tied_head) linear(modules.head, decoder.head, c.vocabulary_rows, c.width, false);
}

std::vector<TensorSpec> expected_tensors(const DecoderConfig& config, const ModuleNames& modules) {
  Decoder shapes;
  shapes.config = config;
  std::vector<TensorSpec> table;
  visit_tensors(shapes, modules, [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor&) {
    table.push_back({name, shape});
  });
  return table;
}

Decoder build_decoder(const DecoderConfig& config, const ModuleNames& modules,
                      const std::function<at::Tensor(const std::string&)>& source, at::ScalarType dtype) {
  Decoder decoder;
  decoder.config = config;
  visit_tensors(decoder, modules, [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor) {
    tensor = source(name).to(dtype);
    FREEACT_CHECK(tensor.sizes() == at::IntArrayRef(shape), "tensor {}", name);
  });
  if (config.tied_head) decoder.head.weight = decoder.embedding;
  return decoder;
}

Decoder load_decoder(const CheckpointFolder& folder, const std::string& family_name, at::ScalarType dtype) {
  const Family& family = find_family(family_name, folder.config());
  const DecoderConfig config = family.read_config(folder.config());
  check_dimensions(config);
  folder.check(expected_tensors(config, family.modules));
  return build_decoder(
      config, family.modules, [&](const std::string& name) { return folder.tensor(name); }, dtype);
}

}  // namespace freeact
