#include "prompt/loaded_model.h"

#include "artefact/model_format.h"
#include "checkpoint/folder.h"
#include "model/family.h"
#include "tokenizer/chat.h"
#include "util/error.h"

namespace freeact {
namespace {

int64_t image_token_id(const std::filesystem::path& folder, const Tokenizer& tokenizer) {
  const std::string token = image_token(ChatTemplate::load(folder).family());
  const auto id = tokenizer.id_of(token);
  if (!id) throw UserError("'{}': the tokenizer lacks the token '{}' that stands for an image", folder.string(), token);
  return *id;
}

SavedNetwork load_any_network(const CheckpointFolder& folder, const std::string& family, at::ScalarType dtype) {
  if (folder.quant_method() == kSavedQuantMethod) return load_saved_network(folder, family, dtype);
  auto [decoder, vision] = load_network(folder, family, dtype);
  return {std::move(decoder), std::move(vision), nullptr};
}

}  // namespace

LoadedModel load_model(const std::filesystem::path& path, const std::string& family, at::ScalarType dtype) {
  const CheckpointFolder folder(path);
  auto [decoder, vision, made_by] = load_any_network(folder, family, dtype);
  LoadedModel model{std::move(decoder), Tokenizer::load(path), folder.hash(), std::move(vision),
                    read_generation_config(path)};
  if (!made_by.is_null()) model.made_by = std::make_shared<const nlohmann::json>(std::move(made_by));
  DecoderConfig& config = model.decoder.config;
  if (model.vision && config.feature_id < 0) config.feature_id = image_token_id(path, model.tokenizer);
  for (const int64_t id : model.generation.stop_ids)
    if (config.causal && !config.ends_answer(id)) config.more_stop_ids.push_back(id);
  return model;
}

}  // namespace freeact
