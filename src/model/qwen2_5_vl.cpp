// Qwen2.5-VL (Qwen/Qwen2.5-VL-7B-Instruct): Qwen2.5 with a vision tower whose features take the place of the image
// tokens. What is special: biases on query, key and value; positions on three axes (time, row, column), each turning a
// section of the rotary frequencies. The sliding window of config.json is off in every published model.
#include "model/family.h"
#include "model/llama_form.h"
#include "model/vision_tower.h"

namespace freeact {
namespace {

std::vector<int64_t> rope_sections(const nlohmann::json& json) {
  const auto scaling = json.find("rope_scaling");
  if (scaling == json.end() || !scaling->is_object() || !scaling->contains("mrope_section"))
    throw UserError("config.json: Qwen2.5-VL needs rope_scaling with an mrope_section");
  const auto& sections = (*scaling)["mrope_section"];
  if (!sections.is_array() || sections.size() != 3) refuse_config_value("mrope_section", sections, "three numbers");
  std::vector<int64_t> result;
  for (const auto& section : sections) {
    if (!section.is_number_integer() || section.get<int64_t>() < 0)
      refuse_config_value("mrope_section", sections, "three numbers");
    result.push_back(section.get<int64_t>());
  }
  return result;
}

DecoderConfig read_config(const nlohmann::json& json) {
  DecoderConfig c = read_llama_form(json);
  c.family = "qwen2_5_vl";
  c.qkv_bias = true;
  c.feature_id = config_value<int64_t>(json, "image_token_id");
  c.rope_sections = rope_sections(json);
  c.token_types = {"text", "vision"};
  if (config_value_or(json, "use_sliding_window", false))
    throw UserError("config.json: use_sliding_window is not supported for Qwen2.5-VL; it must be false");
  return c;
}

}  // namespace

Family qwen2_5_vl_family() {
  return {"qwen2_5_vl", {"qwen2_5_vl"}, read_config, llama_family().modules, qwen_vision_tower};
}

}  // namespace freeact
