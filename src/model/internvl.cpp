// InternVL2.5 (OpenGVLab/InternVL2_5-8B): InternViT in front of a language model that config.json describes under
// llm_config: InternLM2 in the published 8B model, or a Llama. The token that features replace is not in config.json;
// the tokenizer knows it.
#include "model/family.h"
#include "model/llama_form.h"
#include "model/vision_tower.h"

namespace freeact {
namespace {

constexpr const char* kPrefix = "language_model.";

const nlohmann::json& language_config(const nlohmann::json& json) {
  const auto found = json.find("llm_config");
  if (found == json.end() || !found->is_object()) throw UserError("config.json lacks the object 'llm_config'");
  return *found;
}

DecoderConfig as_language_model_of_internvl(DecoderConfig c, const std::string& family) {
  c.family = family;
  c.token_types = {"text", "vision"};
  return c;
}

// The base of the rotary embedding grows for texts longer than those of the training.
void read_dynamic_rope(const nlohmann::json& json, DecoderConfig& c) {
  const auto scaling = json.find("rope_scaling");
  if (scaling == json.end() || scaling->is_null()) return;
  if (!scaling->is_object() || config_value_or<std::string>(*scaling, "type", "") != "dynamic")
    refuse_config_value("rope_scaling", *scaling, "null or of the type 'dynamic'");
  c.dynamic_rope_factor = config_value<double>(*scaling, "factor");
  c.max_positions = config_value<int64_t>(json, "max_position_embeddings");
  if (!(c.dynamic_rope_factor >= 1)) refuse_config_value("factor", (*scaling)["factor"], "at least 1");
  if (c.max_positions < 1)
    refuse_config_value("max_position_embeddings", json["max_position_embeddings"], "at least 1");
}

DecoderConfig read_internlm2(const nlohmann::json& json) {
  const auto& language = language_config(json);
  DecoderConfig c = as_language_model_of_internvl(read_llama_form(language), "internvl");
  if (config_value_or(language, "bias", false))
    refuse_config_value("bias", language["bias"], "false, as in all published models");
  read_dynamic_rope(language, c);
  return c;
}

DecoderConfig read_llama(const nlohmann::json& json) {
  return as_language_model_of_internvl(llama_family().read_config(language_config(json)), "internvl_llama");
}

// Names of a language model inside of another one.
ModuleNames inside(ModuleNames names) {
  for (std::string* name :
       {&names.embedding, &names.final_norm, &names.head, &names.attention_norm, &names.mlp_norm, &names.query,
        &names.key, &names.value, &names.fused_qkv, &names.attention_output, &names.gate, &names.up, &names.down})
    if (!name->empty()) *name = kPrefix + *name;
  return names;
}

ModuleNames internlm2_modules() {
  const std::string block = "model.layers.{}.";
  return {.embedding = "model.tok_embeddings",
          .final_norm = "model.norm",
          .head = "output",
          .attention_norm = block + "attention_norm",
          .mlp_norm = block + "ffn_norm",
          .attention_output = block + "attention.wo",
          .gate = block + "feed_forward.w1",
          .up = block + "feed_forward.w3",
          .down = block + "feed_forward.w2",
          .fused_qkv = block + "attention.wqkv"};
}

}  // namespace

Family internvl_family() {
  return {"internvl", {"internvl_chat/internlm2"}, read_internlm2, inside(internlm2_modules()), intern_vit};
}

Family internvl_llama_family() {
  return {"internvl_llama", {"internvl_chat/llama"}, read_llama, inside(llama_family().modules), intern_vit};
}

}  // namespace freeact
