#include "embedded/vision_form.h"

#include <ATen/ATen.h>

#include <array>
#include <set>

#include "embedded/adapter.h"
#include "embedded/lora.h"
#include "model/family.h"
#include "tokenizer/tokenizer.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRowMultiple = 16;
constexpr std::array kNewTokens = {kImageOpen, kImageClose, kImageContext};
constexpr std::string_view kInside = "language_model.", kWeight = ".weight";
constexpr const char* kEmbedding = "model.embed_tokens.weight";

nlohmann::ordered_json read_ordered(const fs::path& file) {
  return nlohmann::ordered_json::parse(read_file(file));
}

nlohmann::ordered_json vision_config(const TowerShape& t) {
  return {{"architectures", {"InternVisionModel"}},
          {"model_type", "intern_vit_6b"},
          {"attention_dropout", 0.0},
          {"drop_path_rate", 0.0},
          {"dropout", 0.0},
          {"hidden_act", "gelu"},
          {"hidden_size", t.width},
          {"image_size", t.image_size},
          {"initializer_factor", 1.0},
          {"initializer_range", 0.02},
          {"intermediate_size", t.mlp_width},
          {"layer_norm_eps", 1e-6},
          {"norm_type", "layer_norm"},
          {"num_attention_heads", t.heads},
          {"num_channels", 3},
          {"num_hidden_layers", t.layers},
          {"patch_size", t.patch_size},
          {"qk_normalization", false},
          {"qkv_bias", true},
          {"use_flash_attn", false}};
}

void write_tokenizer(const fs::path& base, const fs::path& out, int64_t first_id) {
  auto tokenizer = read_ordered(base / "tokenizer.json");
  auto about = nlohmann::ordered_json::object();
  if (fs::exists(base / "tokenizer_config.json")) about = read_ordered(base / "tokenizer_config.json");
  for (size_t i = 0; i < kNewTokens.size(); ++i) {
    const int64_t id = first_id + static_cast<int64_t>(i);
    nlohmann::ordered_json token = {{"content", kNewTokens[i]}, {"single_word", false}, {"lstrip", false},
                                    {"rstrip", false},          {"normalized", false},  {"special", true}};
    if (about.contains("added_tokens_decoder")) about["added_tokens_decoder"][std::to_string(id)] = token;
    if (about.contains("additional_special_tokens")) about["additional_special_tokens"].push_back(kNewTokens[i]);
    nlohmann::ordered_json numbered = {{"id", id}};
    numbered.update(token);
    tokenizer["added_tokens"].push_back(numbered);
  }
  write_file_atomically(out / "tokenizer.json", tokenizer.dump(1) + "\n");
  write_file_atomically(out / "tokenizer_config.json", about.dump(1) + "\n");
}

// Takes the tensors of the adapter one by one to where they belong.
class Merger {
 public:
  Merger(const CheckpointFolder& base, const SafetensorsFile& adapter, int64_t first_id)
      : base_(base), adapter_(adapter), first_id_(first_id) {
    const auto scale = adapter.metadata().find("scale");
    if (scale == adapter.metadata().end()) throw UserError("the adapter's metadata lack 'scale'");
    scale_ = std::stod(scale->second);
  }

  at::Tensor language(const std::string& name, const std::vector<int64_t>& shape) {
    at::Tensor tensor = language_tensor(base_, name, shape);
    if (name == kEmbedding) {
      tensor = tensor.clone();
      tensor[first_id_].copy_(take(kOpenEmbedding, {shape[1]}));
      tensor[first_id_ + 1].copy_(take(kCloseEmbedding, {shape[1]}));
    }
    const std::string module = name.substr(0, name.size() - kWeight.size());
    if (!name.ends_with(kWeight) || !adapter_.tensors().contains(module + kLoraA)) return tensor.to(at::kBFloat16);
    const int64_t rank = adapter_.tensors().at(module + kLoraA).shape.at(0);
    const at::Tensor a = take(module + kLoraA, {rank, shape[1]}), b = take(module + kLoraB, {shape[0], rank});
    return (tensor.to(at::kDouble) + lora_addition(a, b, scale_)).to(at::kBFloat16);
  }

  at::Tensor take(const std::string& name, const std::vector<int64_t>& shape) {
    const at::Tensor tensor = adapter_.tensor(name);
    if (tensor.sizes() != at::IntArrayRef(shape))
      throw UserError("the adapter's tensor {} has the shape {}, but its model needs {}", name,
                      shape_text(tensor.sizes()), shape_text(shape));
    taken_.insert(name);
    return tensor.to(at::kBFloat16);
  }

  // Throws unless every tensor of the adapter had its place.
  void check_all_taken() const {
    for (const auto& [name, info] : adapter_.tensors())
      if (!taken_.contains(name)) throw UserError("the adapter's tensor {} has no place in its model", name);
  }

 private:
  const CheckpointFolder& base_;
  const SafetensorsFile& adapter_;
  const int64_t first_id_;
  double scale_ = 0;
  std::set<std::string> taken_;
};

}  // namespace

nlohmann::ordered_json vision_config_json(const nlohmann::json& llama, int64_t first_id, const TowerShape& tower) {
  if (llama.value("model_type", "") != "llama")
    throw UserError("the base of a vision-language model must be a Llama, but its model_type is {}",
                    llama.value("model_type", "missing"));
  nlohmann::ordered_json language(llama);
  const int64_t rows = std::max(llama.at("vocab_size").get<int64_t>(), first_id + std::ssize(kNewTokens));
  language["vocab_size"] = (rows + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  language["torch_dtype"] = "bfloat16";
  return {{"architectures", {"InternVLChatModel"}},
          {"model_type", "internvl_chat"},
          {"downsample_ratio", 0.5},
          {"dynamic_image_size", false},
          {"force_image_size", tower.image_size},
          {"llm_config", language},
          {"max_dynamic_patch", 1},
          {"min_dynamic_patch", 1},
          {"ps_version", "v2"},
          {"select_layer", -1},
          {"template", "chatml"},
          {"torch_dtype", "bfloat16"},
          {"use_thumbnail", false},
          {"vision_config", vision_config(tower)}};
}

at::Tensor language_tensor(const CheckpointFolder& base, const std::string& name, const std::vector<int64_t>& shape) {
  const at::Tensor tensor = base.tensor(name).to(at::kFloat);
  if (tensor.size(0) == shape[0]) return tensor;
  return at::cat({tensor, at::zeros({shape[0] - tensor.size(0), tensor.size(1)})});
}

void merge_vision_adapter(const fs::path& base_folder, const fs::path& adapter_file, const TowerShape& tower,
                          const fs::path& out) {
  const CheckpointFolder base(base_folder);
  const SafetensorsFile adapter(adapter_file);
  const int64_t first_id = Tokenizer::load(base_folder).size();
  const auto config = vision_config_json(base.config(), first_id, tower);
  const Family family = internvl_llama_family();
  Merger merger(base, adapter, first_id);
  TensorMap tensors;
  for (const TensorSpec& spec : expected_tensors(read_decoder_config(family, nlohmann::json(config)), family.modules))
    tensors[spec.name] = merger.language(spec.name.substr(kInside.size()), spec.shape);
  family.make_vision(nlohmann::json(config))
      ->visit_tensors([&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor&) {
        tensors[name] = merger.take(name, shape);
      });
  merger.check_all_taken();
  write_tokenizer(base_folder, out, first_id);
  write_file_atomically(out / "config.json", config.dump(2) + "\n");
  if (fs::exists(base_folder / "generation_config.json"))
    write_file_atomically(out / "generation_config.json", read_file(base_folder / "generation_config.json"));
  // Last, since its presence says that the folder is complete.
  write_safetensors(out / "model.safetensors", tensors, {{"format", "pt"}});
}

}  // namespace freeact
