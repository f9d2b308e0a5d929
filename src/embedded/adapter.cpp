#include "embedded/adapter.h"

#include <ATen/ATen.h>

#include <set>

#include "embedded/dream_form.h"
#include "embedded/lora.h"
#include "model/family.h"
#include "tokenizer/tokenizer.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWeight = ".weight";

// The linear of the base with the adapter's addition; other tensors as they are.
class Merger {
 public:
  Merger(const CheckpointFolder& base, const SafetensorsFile& adapter, int64_t mask_id)
      : base_(base), adapter_(adapter), mask_id_(mask_id) {
    const auto scale = adapter.metadata().find("scale");
    if (scale == adapter.metadata().end()) throw UserError("the adapter's metadata lack 'scale'");
    scale_ = std::stod(scale->second);
  }

  at::Tensor operator()(const std::string& name, const std::vector<int64_t>& shape) {
    at::Tensor tensor = dream_tensor(base_, name, shape);
    if (name == "model.embed_tokens.weight") {
      tensor = tensor.clone();
      tensor[mask_id_].copy_(take(kMaskEmbedding, {shape[1]}));
    }
    const std::string module = name.substr(0, name.size() - kWeight.size());
    if (!name.ends_with(kWeight) || !adapter_.tensors().contains(module + kLoraA)) return tensor.to(at::kBFloat16);
    const int64_t rank = adapter_.tensors().at(module + kLoraA).shape.at(0);
    const at::Tensor a = take(module + kLoraA, {rank, shape[1]}), b = take(module + kLoraB, {shape[0], rank});
    return (tensor.to(at::kDouble) + lora_addition(a, b, scale_)).to(at::kBFloat16);
  }

  // Throws unless every tensor of the adapter had its place.
  void check_all_taken() const {
    for (const auto& [name, info] : adapter_.tensors())
      if (!taken_.contains(name)) throw UserError("the adapter's tensor {} has no place in its base", name);
  }

 private:
  at::Tensor take(const std::string& name, const std::vector<int64_t>& shape) {
    const at::Tensor tensor = adapter_.tensor(name);
    if (tensor.sizes() != at::IntArrayRef(shape))
      throw UserError("the adapter's tensor {} has the shape {}, but its base needs {}", name,
                      shape_text(tensor.sizes()), shape_text(shape));
    taken_.insert(name);
    return tensor;
  }

  const CheckpointFolder& base_;
  const SafetensorsFile& adapter_;
  const int64_t mask_id_;
  double scale_ = 0;
  std::set<std::string> taken_;
};

}  // namespace

std::vector<std::string> adapted_modules(SiteId site, int64_t block) {
  const ModuleNames names = dream_family().modules;
  std::vector<std::string> patterns;
  switch (site) {
    case SiteId::kAttentionQkv:
      patterns = {names.query, names.key, names.value};
      break;
    case SiteId::kAttentionOutput:
      patterns = {names.attention_output};
      break;
    case SiteId::kMlpGateUp:
      patterns = {names.gate, names.up};
      break;
    case SiteId::kMlpDown:
      patterns = {names.down};
      break;
  }
  for (std::string& pattern : patterns) pattern = fmt::format(fmt::runtime(pattern), block);
  return patterns;
}

void for_each_factor(const Decoder& decoder, const TensorMap& factors,
                     const std::function<void(const std::string&, const at::Tensor&, const at::Tensor&)>& fn) {
  for (const Block& block : decoder.blocks) {
    for (int i = 0; i < kNumSites; ++i) {
      const std::string site = fmt::format("block{}.{}", block.index, kSiteNames[static_cast<size_t>(i)]);
      const auto modules = adapted_modules(static_cast<SiteId>(i), block.index);
      const auto a = factors.at(site + ".a").detach().chunk(static_cast<int64_t>(modules.size()));
      int64_t begin = 0;
      for (size_t j = 0; j < modules.size(); ++j) {
        const int64_t outputs = block.linears[static_cast<size_t>(i)][j].weight.size(0);
        fn(modules[j], a[j], factors.at(site + ".b").detach().narrow(0, begin, outputs));
        begin += outputs;
      }
    }
  }
}

void merge_adapter(const fs::path& base_folder, const fs::path& adapter_file, const fs::path& out) {
  const CheckpointFolder base(base_folder);
  const SafetensorsFile adapter(adapter_file);
  const int64_t mask_id = Tokenizer::load(base_folder).size();
  const auto config = dream_config_json(base.config(), mask_id);
  const Family family = dream_family();
  Merger merger(base, adapter, mask_id);
  TensorMap tensors;
  for (const TensorSpec& spec : expected_tensors(family.read_config(nlohmann::json(config)), family.modules))
    tensors[spec.name] = merger(spec.name, spec.shape);
  merger.check_all_taken();
  write_dream_tokenizer(base_folder, out, mask_id);
  write_file_atomically(out / "config.json", config.dump(2) + "\n");
  // Last, since its presence says that the folder is complete.
  write_safetensors(out / "model.safetensors", tensors, {{"format", "pt"}});
}

}  // namespace freeact
