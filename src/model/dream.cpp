// Dream (Dream-org/Dream-v0-7B): Qwen2.5 with bidirectional attention. What is special: biases on query, key and value;
// cosine and sine in the model's dtype; attention among real tokens only, whose positions alone count; row i-1 of the
// logits predicts position i, as in the autoregressive model that Dream was trained from. The sliding-window keys and
// use_cache of config.json mean nothing here.
#include "model/family.h"

namespace freeact {
namespace {

DecoderConfig read_config(const nlohmann::json& json) {
  DecoderConfig c;
  c.family = c.sampler = "dream";
  c.width = config_value<int64_t>(json, "hidden_size");
  c.num_heads = config_value<int64_t>(json, "num_attention_heads");
  c.num_kv_heads = config_value_or<int64_t>(json, "num_key_value_heads", c.num_heads);
  c.head_width = c.num_heads > 0 ? c.width / c.num_heads : 0;
  c.num_layers = config_value<int64_t>(json, "num_hidden_layers");
  c.mlp_width = config_value<int64_t>(json, "intermediate_size");
  c.vocabulary_rows = config_value<int64_t>(json, "vocab_size");
  c.norm_eps = config_value<double>(json, "rms_norm_eps");
  c.rope_theta = config_value<double>(json, "rope_theta");
  c.tied_head = config_value_or(json, "tie_word_embeddings", false);
  c.qkv_bias = c.rope_in_model_dtype = c.shifted_logits = true;
  c.padding = PaddingRule::kQueriesAndKeys;
  c.mask_id = config_value<int64_t>(json, "mask_token_id");
  read_stop_ids(json, c);
  c.pad_id = config_value_or<int64_t>(json, "pad_token_id", c.eos_id);
  if (json.contains("rope_scaling") && !json["rope_scaling"].is_null())
    throw UserError("config.json: rope_scaling is not supported for Dream; it must be null");
  return c;
}

}  // namespace

Family dream_family() {
  return {"dream", {"Dream"}, read_config, llama_family().modules};
}

}  // namespace freeact
