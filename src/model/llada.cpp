// LLaDA (GSAI-ML/LLaDA-8B): a bidirectional Llama block under OLMo's names. What is special: `ff_out` is the head at
// the top and the down projection inside a block; the MLP's width is mlp_hidden_size (mlp_ratio is stale); rotary
// angles stay in float32; the head is untied and has more rows than the tokenizer has ids; logits are not shifted.
#include "model/family.h"

namespace freeact {
namespace {

DecoderConfig read_config(const nlohmann::json& json) {
  DecoderConfig c;
  c.family = c.sampler = "llada";
  c.width = config_value<int64_t>(json, "d_model");
  c.num_heads = config_value<int64_t>(json, "n_heads");
  c.num_kv_heads = config_value_or<int64_t>(json, "n_kv_heads",
                                            config_value_or(json, "multi_query_attention", false) ? 1 : c.num_heads);
  c.head_width = c.num_heads > 0 ? c.width / c.num_heads : 0;
  c.num_layers = config_value<int64_t>(json, "n_layers");
  c.mlp_width = config_value<int64_t>(json, "mlp_hidden_size");
  c.vocabulary_rows = config_value_or<int64_t>(json, "embedding_size", config_value<int64_t>(json, "vocab_size"));
  c.norm_eps = config_value<double>(json, "rms_norm_eps");
  c.rope_theta = config_value<double>(json, "rope_theta");
  c.tied_head = config_value_or(json, "weight_tying", false);
  c.qkv_bias = config_value_or(json, "include_qkv_bias", false);
  c.mask_id = config_value<int64_t>(json, "mask_token_id");
  read_stop_ids(json, c);
  c.pad_id = config_value_or<int64_t>(json, "pad_token_id", c.eos_id);
  if (config_value_or(json, "include_bias", false) || config_value_or(json, "alibi", false) ||
      config_value_or(json, "attention_layer_norm", false) || config_value_or(json, "input_emb_norm", false))
    throw UserError("config.json: include_bias, alibi, attention_layer_norm and input_emb_norm are not supported");
  return c;
}

}  // namespace

Family llada_family() {
  const std::string block = "model.transformer.blocks.{}.";
  return {"llada",
          {"llada"},
          read_config,
          {.embedding = "model.transformer.wte",
           .final_norm = "model.transformer.ln_f",
           .head = "model.transformer.ff_out",
           .attention_norm = block + "attn_norm",
           .mlp_norm = block + "ff_norm",
           .query = block + "q_proj",
           .key = block + "k_proj",
           .value = block + "v_proj",
           .attention_output = block + "attn_out",
           .gate = block + "ff_proj",
           .up = block + "up_proj",
           .down = block + "ff_out"}};
}

}  // namespace freeact
