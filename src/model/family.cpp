#include "model/family.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "util/suggest.h"

namespace freeact {
namespace {

std::string in_block(const std::string& pattern, int64_t block) {
  return fmt::format(fmt::runtime(pattern), block);
}

// Far above every published model, and small enough that sizes multiply without overflow and that the table of tensors
// stays small.
constexpr int64_t kMaxSize = (int64_t{1} << 31) - 1, kMaxLayers = 10'000;

void check_sizes(const DecoderConfig& c) {
  const struct {
    const char* what;
    int64_t value, limit;
  } sizes[] = {{"width", c.width, kMaxSize},
               {"number of attention heads", c.num_heads, kMaxSize},
               {"number of key/value heads", c.num_kv_heads, kMaxSize},
               {"head width", c.head_width, kMaxSize},
               {"number of layers", c.num_layers, kMaxLayers},
               {"MLP width", c.mlp_width, kMaxSize},
               {"number of vocabulary rows", c.vocabulary_rows, kMaxSize}};
  for (const auto& [what, value, limit] : sizes)
    if (value < 1 || value > limit)
      throw UserError("config.json: the {} is {}, but must be from 1 to {}", what, value, limit);
  if (c.num_heads % c.num_kv_heads != 0)
    throw UserError("config.json: {} attention heads cannot share {} key/value heads", c.num_heads, c.num_kv_heads);
  if (c.head_width % 2 != 0)
    throw UserError("config.json: the head width is {}, but rotary embedding needs an even one", c.head_width);
}

void check_numbers(const DecoderConfig& c) {
  if (!(c.norm_eps >= 0 && c.norm_eps < 1))
    throw UserError("config.json: the norm's epsilon is {}, but must be from 0 to 1", c.norm_eps);
  if (!(c.rope_theta > 0 && c.rope_theta < 1e30))
    throw UserError("config.json: the rotary base is {}, but must be positive and below 1e30", c.rope_theta);
  const int64_t frequencies = c.head_width / 2;
  int64_t shared = 0;
  for (const int64_t section : c.rope_sections) shared += std::min(section, kMaxSize);
  if (!c.rope_sections.empty() && shared != frequencies)
    throw UserError("config.json: the rotary sections add up to {}, but a head has {} frequencies", shared,
                    frequencies);
}

// A diffusion model cannot do without its mask; -1 stands for an end or pad token that there is not.
void check_token_ids(const DecoderConfig& c) {
  struct TokenId {
    const char* what;
    int64_t id;
    bool optional;
  };
  std::vector<TokenId> tokens = {
      {"mask", c.mask_id, c.causal}, {"end", c.eos_id, true}, {"pad", c.pad_id, true}, {"image", c.feature_id, true}};
  for (const int64_t id : c.more_stop_ids) tokens.push_back({"end", id, false});
  for (const auto& [what, id, optional] : tokens)
    if ((id < 0 && !(optional && id == -1)) || id >= c.vocabulary_rows)
      throw UserError("config.json: the id {} of the {} token is outside the {} rows of the embedding", id, what,
                      c.vocabulary_rows);
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> table = {dream_family(),      llada_family(),    llama_family(),
                                            qwen2_5_vl_family(), internvl_family(), internvl_llama_family()};
  return table;
}

const Family& find_family(const std::string& name, const nlohmann::json& config) {
  std::string model_type = config_value_or<std::string>(config, "model_type", "");
  if (const auto part = config.find("llm_config"); part != config.end() && part->is_object())
    model_type += "/" + config_value_or<std::string>(*part, "model_type", "");
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

DecoderConfig read_decoder_config(const Family& family, const nlohmann::json& config) {
  const DecoderConfig result = family.read_config(config);
  check_sizes(result);
  check_numbers(result);
  check_token_ids(result);
  return result;
}

void refuse_config_value(const char* key, const nlohmann::json& value, const char* wanted) {
  constexpr size_t kShown = 60;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  throw UserError("config.json: key '{}' has the unexpected value {}: it must be {}", key, text, wanted);
}

void read_stop_ids(const nlohmann::json& config, DecoderConfig& decoder) {
  const auto found = config.find("eos_token_id");
  if (found == config.end() || !found->is_array()) {
    decoder.eos_id = config_value_or<int64_t>(config, "eos_token_id", -1);
    return;
  }
  for (const auto& id : *found) {
    if (!id.is_number_integer()) refuse_config_value("eos_token_id", *found, "a token or a list of them");
    if (decoder.eos_id < 0)
      decoder.eos_id = id.get<int64_t>();
    else
      decoder.more_stop_ids.push_back(id.get<int64_t>());
  }
}

namespace {

// [(H + 2 G) K, D] and back, see ModuleNames::fused_qkv.
std::vector<at::Tensor> split_qkv(const at::Tensor& fused, const DecoderConfig& c) {
  const int64_t served = c.num_heads / c.num_kv_heads;
  const at::Tensor heads = fused.view({c.num_kv_heads, served + 2, c.head_width, c.width});
  const auto rows = [&](const at::Tensor& part) { return part.reshape({-1, c.width}); };
  return {rows(heads.slice(1, 0, served)), rows(heads.select(1, served)), rows(heads.select(1, served + 1))};
}

at::Tensor join_qkv(const std::vector<Linear>& qkv, const DecoderConfig& c) {
  std::vector<at::Tensor> heads;
  for (const Linear& linear : qkv) heads.push_back(linear.weight.view({c.num_kv_heads, -1, c.head_width, c.width}));
  return at::cat(heads, 1).reshape({-1, c.width});
}

// The tensor of three linears, taken apart when the visitor has filled it.
void visit_fused_qkv(std::vector<Linear>& qkv, const std::string& name, const DecoderConfig& c,
                     const TensorVisitor& fn) {
  at::Tensor fused = qkv[0].weight.defined() ? join_qkv(qkv, c) : at::Tensor();
  fn(name + ".weight", {(c.num_heads + 2 * c.num_kv_heads) * c.head_width, c.width}, fused);
  if (!fused.defined()) return;
  const auto parts = split_qkv(fused, c);
  for (size_t i = 0; i < qkv.size(); ++i) qkv[i].weight = parts[i];
}

}  // namespace

void visit_tensors(Decoder& decoder, const ModuleNames& modules, const TensorVisitor& fn) {
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
    if (modules.fused_qkv.empty()) {
      linear(in_block(modules.query, i), qkv[0], query_width, c.width, c.qkv_bias);
      linear(in_block(modules.key, i), qkv[1], key_width, c.width, c.qkv_bias);
      linear(in_block(modules.value, i), qkv[2], key_width, c.width, c.qkv_bias);
    } else {
      visit_fused_qkv(qkv, in_block(modules.fused_qkv, i), c, fn);
    }
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
                      const std::function<at::Tensor(const std::string&)>& source, at::ScalarType dtype,
                      at::Device device) {
  Decoder decoder;
  decoder.config = config;
  visit_tensors(decoder, modules, [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor) {
    tensor = source(name).to(device).to(dtype);
    FREEACT_CHECK(tensor.sizes() == at::IntArrayRef(shape), "tensor {}", name);
  });
  if (config.tied_head) decoder.head.weight = decoder.embedding;
  return decoder;
}

LoadedNetwork load_network(const CheckpointFolder& folder, const std::string& family_name, at::ScalarType dtype,
                           at::Device device) {
  const Family& family = find_family(family_name, folder.config());
  const DecoderConfig config = read_decoder_config(family, folder.config());
  auto vision = family.make_vision ? family.make_vision(folder.config()) : nullptr;
  std::vector<TensorSpec> table = expected_tensors(config, family.modules);
  if (vision)
    vision->visit_tensors([&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor&) {
      table.push_back({name, shape});
    });
  folder.check(table);
  const auto source = [&](const std::string& name) { return folder.load(name, dtype, device); };
  if (vision)
    vision->visit_tensors(
        [&](const std::string& name, const std::vector<int64_t>&, at::Tensor& tensor) { tensor = source(name); });
  return {build_decoder(config, family.modules, source, dtype, device), std::move(vision)};
}

Decoder load_decoder(const CheckpointFolder& folder, const std::string& family, at::ScalarType dtype,
                     at::Device device) {
  return load_network(folder, family, dtype, device).decoder;
}

}  // namespace freeact
