#include "embedded/dream_form.h"

#include <ATen/ATen.h>

#include "eval/puzzles.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRowMultiple = 16;

nlohmann::ordered_json mask_token(bool with_id, int64_t id) {
  nlohmann::ordered_json token;
  if (with_id) token["id"] = id;
  token.update({{"content", kMaskToken},
                {"single_word", false},
                {"lstrip", false},
                {"rstrip", false},
                {"normalized", false},
                {"special", true}});
  return token;
}

nlohmann::ordered_json read_ordered(const fs::path& file) {
  return nlohmann::ordered_json::parse(read_file(file));
}

}  // namespace

nlohmann::ordered_json dream_config_json(const nlohmann::json& llama, int64_t mask_id) {
  if (llama.value("model_type", "") != "llama")
    throw UserError("the base of an adapter must be a Llama, but its model_type is {}",
                    llama.value("model_type", "missing"));
  const int64_t rows = std::max(llama.at("vocab_size").get<int64_t>(), mask_id + 1);
  nlohmann::ordered_json config = {{"architectures", {"DreamModel"}}, {"model_type", "Dream"}, {"hidden_act", "silu"}};
  for (const char* key : {"bos_token_id", "eos_token_id", "hidden_size", "initializer_range", "intermediate_size",
                          "max_position_embeddings", "num_attention_heads", "num_hidden_layers", "num_key_value_heads",
                          "rms_norm_eps", "rope_theta"})
    if (llama.contains(key)) config[key] = llama[key];
  config.update({{"attention_dropout", 0.0},
                 {"mask_token_id", mask_id},
                 {"pad_token_id", llama.at("eos_token_id")},
                 {"rope_scaling", nullptr},
                 {"tie_word_embeddings", false},
                 {"torch_dtype", "bfloat16"},
                 {"use_sliding_window", false},
                 {"vocab_size", (rows + kRowMultiple - 1) / kRowMultiple * kRowMultiple}});
  return config;
}

at::Tensor dream_tensor(const CheckpointFolder& base, const std::string& name, const std::vector<int64_t>& shape) {
  if (name.ends_with(".bias") && !base.contains(name)) return at::zeros(shape);
  const bool tied = name == "lm_head.weight" && !base.contains(name);
  const at::Tensor tensor = base.tensor(tied ? "model.embed_tokens.weight" : name).to(at::kFloat);
  if (tensor.size(0) == shape[0]) return tensor;
  return at::cat({tensor, at::zeros({shape[0] - tensor.size(0), tensor.size(1)})});
}

void write_dream_tokenizer(const fs::path& base, const fs::path& out, int64_t mask_id) {
  auto tokenizer = read_ordered(base / "tokenizer.json");
  tokenizer["added_tokens"].push_back(mask_token(/*with_id=*/true, mask_id));
  write_file_atomically(out / "tokenizer.json", tokenizer.dump(1) + "\n");
  auto about = nlohmann::ordered_json::object();
  if (fs::exists(base / "tokenizer_config.json")) about = read_ordered(base / "tokenizer_config.json");
  about["mask_token"] = kMaskToken;
  if (about.contains("added_tokens_decoder"))
    about["added_tokens_decoder"][std::to_string(mask_id)] = mask_token(/*with_id=*/false, mask_id);
  write_file_atomically(out / "tokenizer_config.json", about.dump(1) + "\n");
}

}  // namespace freeact
