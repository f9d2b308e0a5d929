#include "prompt/prompter.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "model/multi_axis_positions.h"
#include "prompt/chat_roles.h"
#include "util/error.h"

namespace freeact {
namespace {

std::unique_ptr<ImageProcessor> processor_of(const LoadedModel& model, ChatFamily family,
                                             const std::filesystem::path& folder, const ImageLimits& limits) {
  return model.vision ? load_image_processor(family, folder, limits) : nullptr;
}

}  // namespace

Prompter::Prompter(const LoadedModel& model, const std::filesystem::path& folder, const ImageLimits& limits)
    : model_(model), chat_(ChatTemplate::load(folder)), images_(processor_of(model, chat_.family(), folder, limits)) {
  chat_.check(model.tokenizer);
}

TokenBatch Prompter::prompt(const std::vector<Message>& messages, const std::vector<at::Tensor>& images) const {
  if (images.empty()) return with_roles(model_.tokenizer.encode(chat_.render(messages)));
  if (!images_) throw UserError("the model ({}) takes no images", model_.decoder.config.family);
  const at::NoGradGuard no_grad;
  const PreparedImages prepared = images_->prepare(images);
  TokenBatch batch = with_roles(model_.tokenizer.encode(chat_.render(messages, true, {prepared.num_tokens})));
  batch.features_ND = model_.vision->features(prepared.input);
  batch.positions_ABT = prompt_positions(model_.decoder.config, batch.ids_BT, prepared.merged_grids);
  return batch;
}

TokenBatch Prompter::with_roles(const std::vector<int64_t>& ids) const {
  TokenBatch batch = ids;
  if (model_.decoder.config.type_rule.reads_roles()) batch.roles_BT = chat_roles(ids, model_.tokenizer);
  return batch;
}

TokenBatch Prompter::question(const std::string& text, const std::vector<at::Tensor>& images) const {
  return prompt({question_with_images(chat_.family(), text, images.size())}, images);
}

Decoder Prompter::ending_turns(Decoder model) const {
  const auto turn_end = model_.tokenizer.id_of(end_of_turn(chat_.family()));
  if (turn_end && !model.config.ends_answer(*turn_end)) model.config.more_stop_ids.push_back(*turn_end);
  return model;
}

std::vector<int64_t> Prompter::answer(const std::string& text) const {
  // Encoded behind a prompt, since a text may begin with other tokens where it stands alone.
  const std::string opening = chat_.render({{"user", ""}});
  const auto before = model_.tokenizer.encode(opening);
  const auto ids = model_.tokenizer.encode(opening + text + end_of_turn(chat_.family()));
  return {ids.begin() + std::min(std::ssize(before), std::ssize(ids)), ids.end()};
}

}  // namespace freeact
