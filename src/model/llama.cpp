// Llama as Hugging Face publishes it: causal, autoregressive. The reference outputs of the quantisation methods were
// made on tiny models of this family.
#include "model/family.h"
#include "model/llama_form.h"

namespace freeact {

DecoderConfig read_llama_form(const nlohmann::json& json) {
  DecoderConfig c;
  c.family = "llama";
  c.width = config_value<int64_t>(json, "hidden_size");
  c.num_heads = config_value<int64_t>(json, "num_attention_heads");
  c.num_kv_heads = config_value_or<int64_t>(json, "num_key_value_heads", c.num_heads);
  c.head_width = config_value_or<int64_t>(json, "head_dim", c.num_heads > 0 ? c.width / c.num_heads : 0);
  c.num_layers = config_value<int64_t>(json, "num_hidden_layers");
  c.mlp_width = config_value<int64_t>(json, "intermediate_size");
  c.vocabulary_rows = config_value<int64_t>(json, "vocab_size");
  c.norm_eps = config_value<double>(json, "rms_norm_eps");
  c.rope_theta = config_value_or<double>(json, "rope_theta", 10000.0);
  c.tied_head = config_value_or(json, "tie_word_embeddings", false);
  read_stop_ids(json, c);
  c.causal = true;
  c.rope_in_model_dtype = true;
  c.token_types = {"text"};
  return c;
}

namespace {

// Read without its scaling, a Llama 3.1 would be silently wrong.
DecoderConfig read_config(const nlohmann::json& json) {
  if (const auto scaling = json.find("rope_scaling"); scaling != json.end() && !scaling->is_null())
    refuse_config_value("rope_scaling", *scaling, "null");
  return read_llama_form(json);
}

}  // namespace

Family llama_family() {
  const std::string block = "model.layers.{}.";
  return {"llama",
          {"llama"},
          read_config,
          {.embedding = "model.embed_tokens",
           .final_norm = "model.norm",
           .head = "lm_head",
           .attention_norm = block + "input_layernorm",
           .mlp_norm = block + "post_attention_layernorm",
           .query = block + "self_attn.q_proj",
           .key = block + "self_attn.k_proj",
           .value = block + "self_attn.v_proj",
           .attention_output = block + "self_attn.o_proj",
           .gate = block + "mlp.gate_proj",
           .up = block + "mlp.up_proj",
           .down = block + "mlp.down_proj"}};
}

}  // namespace freeact
