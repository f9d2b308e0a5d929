#include "artefact/model_format.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <map>
#include <set>

#include "artefact/packing.h"
#include "artefact/site_format.h"
#include "model/rounded_embeddings.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr const char* kFeatureBasis = "freeact.feature_basis";

std::string in_block(const std::string& pattern, int64_t block) {
  return fmt::format(fmt::runtime(pattern), block);
}

std::string block_prefix(int64_t block, const std::string& part) {
  return fmt::format("freeact.blocks.{}.{}.", block, part);
}

std::string vision_prefix(const std::string& linear) {
  return "freeact.vision." + linear + ".";
}

// Published names and shapes of the linears of a site. Parts of a fused linear are quantised apart and called after it.
std::vector<NamedLinear> linears_of(SiteId site, int64_t block, const ModuleNames& m, const DecoderConfig& c) {
  const int64_t queries = c.num_heads * c.head_width, keys = c.num_kv_heads * c.head_width;
  const auto fused = [&](const char* part) { return in_block(m.fused_qkv, block) + "." + part; };
  const auto qkv = [&](const std::string& own, const char* part) {
    return m.fused_qkv.empty() ? in_block(own, block) : fused(part);
  };
  switch (site) {
    case SiteId::kAttentionQkv:
      return {{qkv(m.query, "query"), {queries, c.width}},
              {qkv(m.key, "key"), {keys, c.width}},
              {qkv(m.value, "value"), {keys, c.width}}};
    case SiteId::kAttentionOutput:
      return {{in_block(m.attention_output, block), {c.width, queries}}};
    case SiteId::kMlpGateUp:
      return {{in_block(m.gate, block), {c.mlp_width, c.width}}, {in_block(m.up, block), {c.mlp_width, c.width}}};
    case SiteId::kMlpDown:
      return {{in_block(m.down, block), {c.width, c.mlp_width}}};
  }
  throw Defect("a site that no block has");
}

void add_block(TensorTable& table, const Block& block, const ModelToSave& model) {
  const DecoderConfig& c = model.decoder.config;
  table.push_back(
      stored_numbers(in_block(model.modules.attention_norm, block.index) + ".weight", block.attention_norm));
  table.push_back(stored_numbers(in_block(model.modules.mlp_norm, block.index) + ".weight", block.mlp_norm));
  for (size_t i = 0; i < kNumSites; ++i)
    add_site(table, block_prefix(block.index, kSiteNames[i]),
             linears_of(static_cast<SiteId>(i), block.index, model.modules, c), block.sites[i].get(),
             model.format.weight);
  add_kv_path(table, block_prefix(block.index, "kv"), block.kv.get());
}

Block load_block(TensorSource& source, int64_t index, const ModuleNames& modules, const DecoderConfig& c,
                 const SavedFormat& format) {
  Block block;
  block.index = index;
  block.attention_norm = source.take(in_block(modules.attention_norm, index) + ".weight", {c.width});
  block.mlp_norm = source.take(in_block(modules.mlp_norm, index) + ".weight", {c.width});
  for (size_t i = 0; i < kNumSites; ++i)
    block.sites[i] =
        load_site(source, block_prefix(index, kSiteNames[i]), linears_of(static_cast<SiteId>(i), index, modules, c),
                  format.weight, std::ssize(c.token_types));
  block.kv = load_kv_path(source, block_prefix(index, "kv"), c);
  return block;
}

// Of embedding or head; rounded when they are written, since they are large.
void add_rows(TensorTable& table, const std::string& name, const at::Tensor& weight_VD, int bits) {
  const Grid grid = {bits};
  if (grid.is_float()) return table.push_back(stored_numbers(name + ".weight", weight_VD));
  const int64_t rows = weight_VD.size(0), width = weight_VD.size(1);
  table.push_back({name + ".weight_packed", at::kInt, {rows, words_of(width, bits)}, [=] {
                     return pack_codes(quantise_rows(weight_VD, bits).codes, grid);
                   }});
  table.push_back(
      {name + ".weight_scale", at::kFloat, {rows, 1}, [=] { return quantise_rows(weight_VD, bits).scale.scale; }});
  table.push_back(stored(name + ".weight_shape", at::tensor({rows, width}, at::kLong)));
}

at::Tensor load_rows(TensorSource& source, const std::string& name, const DecoderConfig& c, int bits) {
  const QuantisedLinear rows = load_linear(source, name, {c.vocabulary_rows, c.width}, {bits});
  return rows.weight().to(source.dtype());
}

bool is_quantised(const SavedFormat& format) {
  return !format.vision_weight.is_float() || !format.vision_activation.is_float();
}

// Calls fn(name, shape, tensor) for what the tower's sites do not hold.
void visit_unquantised(VisionTower& tower, const SavedFormat& format, const TensorVisitor& fn) {
  std::set<std::string> of_sites;
  if (is_quantised(format))
    for (const VisionLinear* layer : tower.linears())
      for (const char* tensor : {".weight", ".bias"}) of_sites.insert(layer->name + tensor);
  tower.visit_tensors([&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor) {
    if (!of_sites.contains(name)) fn(name, shape, tensor);
  });
}

void add_vision(TensorTable& table, const ModelToSave& model) {
  const auto tower = model.vision->clone();  // for its visitors, which may change it
  visit_unquantised(*tower, model.format,
                    [&](const std::string& name, const std::vector<int64_t>&, at::Tensor& tensor) {
                      table.push_back(stored_numbers(name, tensor));
                    });
  if (!is_quantised(model.format)) return;
  for (const VisionLinear* layer : tower->linears())
    add_site(table, vision_prefix(layer->name), {{layer->name, {}}}, layer->site.get(), model.format.vision_weight);
}

// The shapes of the tower's linears, which only its visitor knows.
std::map<std::string, LinearShape> vision_shapes(VisionTower& tower) {
  std::map<std::string, LinearShape> shapes;
  tower.visit_tensors([&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor&) {
    if (shape.size() == 2) shapes[name] = {shape[0], shape[1]};
  });
  return shapes;
}

void load_vision(TensorSource& source, VisionTower& tower, const SavedFormat& format) {
  visit_unquantised(tower, format, [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor) {
    tensor = source.take(name, shape);
  });
  if (!is_quantised(format)) return;
  const auto shapes = vision_shapes(tower);
  for (VisionLinear* layer : tower.linears())
    layer->site = load_site(source, vision_prefix(layer->name), {{layer->name, shapes.at(layer->name + ".weight")}},
                            format.vision_weight, 1);
}

void set_types(DecoderConfig& config, const nlohmann::json& made_by, const std::string& where) try {
  const auto model = made_by.value("model", nlohmann::json::object());
  const auto scheme = model.value("token_types", std::string("family"));
  if (scheme != "family") set_type_rule(config, {parse_type_scheme(scheme), model.value("late_mask_share", 0.5)});
} catch (const std::exception& error) {
  throw UserError("saved model '{}', made_by of its config.json: {}", where, error.what());
}

void check_dtype(const SavedFormat& format, at::ScalarType dtype, const std::string& where) {
  if (format.scalar_type() != dtype)
    throw UserError("saved model '{0}' computes in {1}: write model.dtype={1}, or --dtype {1}", where, format.dtype);
}

Decoder load_blocks(TensorSource& source, const DecoderConfig& config, const ModuleNames& modules,
                    const SavedFormat& format) {
  Decoder decoder;
  decoder.config = config;
  decoder.embedding = load_rows(source, modules.embedding, config, format.embedding_bits);
  for (int64_t i = 0; i < config.num_layers; ++i)
    decoder.blocks.push_back(load_block(source, i, modules, config, format));
  decoder.final_norm = source.take(modules.final_norm + ".weight", {config.width});
  const auto has_head = [&](const char* tensor) { return source.has(modules.head + tensor); };
  // A method may have given a tied model a head of its own.
  if (has_head(".weight") || has_head(".weight_packed")) decoder.config.tied_head = false;
  decoder.head.weight =
      decoder.config.tied_head ? decoder.embedding : load_rows(source, modules.head, config, format.embedding_bits);
  decoder.feature_basis_DD = source.take_if_there(kFeatureBasis, {config.width, config.width});
  return decoder;
}

}  // namespace

TensorTable tensor_table(const ModelToSave& model) {
  TensorTable table;
  const Decoder& d = model.decoder;
  add_rows(table, model.modules.embedding, d.embedding, model.format.embedding_bits);
  for (const Block& block : d.blocks) add_block(table, block, model);
  table.push_back(stored_numbers(model.modules.final_norm + ".weight", d.final_norm));
  if (!d.config.tied_head) add_rows(table, model.modules.head, d.head.weight, model.format.embedding_bits);
  if (d.feature_basis_DD.defined()) table.push_back(stored(kFeatureBasis, d.feature_basis_DD));
  if (model.vision) add_vision(table, model);
  return table;
}

SavedModules saved_modules(const ModelToSave& model) {
  SavedModules modules{{model.modules.embedding}, {}};
  if (!model.decoder.config.tied_head) modules.embeddings.push_back(model.modules.head);
  if (!model.vision) return modules;
  const auto tower = model.vision->clone();
  for (const VisionLinear* layer : tower->linears()) modules.vision.push_back(layer->name);
  return modules;
}

SavedNetwork load_saved_network(const CheckpointFolder& folder, const std::string& family_name, at::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  const std::string where = folder.path().string();
  SavedDescription description = read_description(folder.config(), where);
  check_dtype(description.format, dtype, where);
  const Family& family = find_family(family_name, folder.config());
  DecoderConfig config = read_decoder_config(family, folder.config());
  set_types(config, description.made_by, where);
  TensorSource source(folder, dtype);
  SavedNetwork network{load_blocks(source, config, family.modules, description.format), nullptr,
                       std::move(description.made_by)};
  if (family.make_vision) {
    network.vision = family.make_vision(folder.config());
    load_vision(source, *network.vision, description.format);
  }
  source.refuse_left_over();
  return network;
}

}  // namespace freeact
