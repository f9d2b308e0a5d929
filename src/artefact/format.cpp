#include "artefact/format.h"

#include <ATen/ATen.h>

#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

using nlohmann::json;

// As compressed-tensors' QuantizationArgs; null for 16 bits.
json args_of(const Grid& grid, const char* whole, bool dynamic) {
  if (grid.is_float()) return nullptr;
  const bool groups = grid.group_size > 0;
  json args = {{"num_bits", grid.bits},
               {"type", "int"},
               {"symmetric", grid.symmetric},
               {"strategy", groups ? "group" : whole},
               {"dynamic", dynamic}};
  if (groups) args["group_size"] = grid.group_size;
  return args;
}

// Only whole numbers: others would be cut or wrapped into the range.
int64_t whole_number(const json& args, const char* key) {
  const json& value = args.at(key);
  if (!value.is_number_integer()) throw UserError("{} is {}, but must be a whole number", key, value.dump());
  return value.get<int64_t>();
}

Grid grid_of(const json& args) {
  if (args.is_null()) return {16};
  const int64_t bits = whole_number(args, "num_bits");
  if (bits < 2 || bits > 8) throw UserError("num_bits is {}, but must be from 2 to 8", bits);
  const Grid grid = {static_cast<int>(bits), args.at("symmetric").get<bool>(),
                     args.contains("group_size") ? whole_number(args, "group_size") : 0};
  if (grid.group_size < 0) throw UserError("group_size is {}, but must be 0 or more", grid.group_size);
  if (args.at("type") != "int") throw UserError("type is {}, but must be \"int\"", args.at("type").dump());
  return grid;
}

json group_of(const std::vector<std::string>& targets, const Grid& weights, const Grid& activations) {
  return {{"targets", targets},
          {"weights", args_of(weights, "channel", false)},
          {"input_activations", args_of(activations, "token", true)}};
}

SavedDescription read_object(const json& all) {
  const json& own = all.at("freeact");
  SavedDescription d{{}, own.at("made_by")};
  if (!d.made_by.is_object()) throw UserError("made_by must be a group of keys");
  SavedFormat& f = d.format;
  const json& groups = all.at("config_groups");
  const json& decoder = groups.at("decoder");
  f.weight = grid_of(decoder.at("weights"));
  f.activation = grid_of(decoder.at("input_activations"));
  f.kv = grid_of(all.at("kv_cache_scheme"));
  if (groups.contains("embeddings")) f.embedding_bits = grid_of(groups.at("embeddings").at("weights")).bits;
  if (groups.contains("vision")) {
    f.vision_weight = grid_of(groups.at("vision").at("weights"));
    f.vision_activation = grid_of(groups.at("vision").at("input_activations"));
  }
  f.dtype = own.at("dtype").get<std::string>();
  f.scalar_type();
  return d;
}

bool is_saved_config(const json& config) {
  const auto found = config.find("quantization_config");
  return found != config.end() && found->is_object() && found->contains("quant_method") &&
         (*found)["quant_method"] == kSavedQuantMethod;
}

}  // namespace

at::ScalarType SavedFormat::scalar_type() const {
  if (dtype == "float32") return at::kFloat;
  if (dtype == "bfloat16") return at::kBFloat16;
  if (dtype == "float16") return at::kHalf;
  throw UserError("dtype is '{}', but must be float32, bfloat16 or float16", dtype);
}

json quantization_config(const SavedFormat& f, const SavedModules& modules, const json& made_by) {
  json groups = {{"decoder", group_of({"Linear"}, f.weight, f.activation)}};
  json ignore = json::array();
  const auto leave_or_group = [&](const char* name, const std::vector<std::string>& targets, const Grid& weights,
                                  const Grid& activations) {
    if (!weights.is_float() || !activations.is_float())
      groups[name] = group_of(targets, weights, activations);
    else
      for (const auto& target : targets) ignore.push_back(target);
  };
  leave_or_group("embeddings", modules.embeddings, {f.embedding_bits}, {16});
  leave_or_group("vision", modules.vision, f.vision_weight, f.vision_activation);
  return {{"quant_method", kSavedQuantMethod},
          {"format", "pack-quantized"},
          {"quantization_status", "compressed"},
          {"config_groups", groups},
          {"ignore", ignore},
          {"kv_cache_scheme", args_of(f.kv, "token", true)},
          {"freeact", {{"format_version", kSavedFormatVersion}, {"dtype", f.dtype}, {"made_by", made_by}}}};
}

bool is_saved_model(const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  if (!std::filesystem::exists(path)) return false;
  const json config = read_json(path);
  return config.is_object() && is_saved_config(config);
}

SavedDescription read_description(const json& config, const std::string& where) {
  if (!is_saved_config(config)) throw UserError("'{}' holds no model that `freeact quantize` saved", where);
  const json& all = config.at("quantization_config");
  try {
    const int64_t version = whole_number(all.at("freeact"), "format_version");
    if (version != kSavedFormatVersion)
      throw UserError("it is of format version {}, but this release reads version {}: quantise the model again",
                      version, kSavedFormatVersion);
    return read_object(all);
  } catch (const std::exception& error) {
    throw UserError("saved model '{}', quantization_config of config.json: {}", where, error.what());
  }
}

}  // namespace freeact
