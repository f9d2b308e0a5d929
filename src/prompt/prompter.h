// Conversations with images into what a decoder reads.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "model/token_batch.h"
#include "prompt/image_processor.h"
#include "prompt/loaded_model.h"

namespace freeact {

// Asks a model in its chat template. Refers to the model, which must outlive it.
class Prompter {
 public:
  // folder: the checkpoint's. Throws UserError when it has no chat template; limits matter to models with images only.
  Prompter(const LoadedModel& model, const std::filesystem::path& folder, const ImageLimits& limits = {});

  const ChatTemplate& chat() const { return chat_; }
  bool sees_images() const { return images_ != nullptr; }

  // images: uint8 [H, W, 3], one for each image of the messages, in their order. Where the model's token types depend
  // on them, the prompt knows its roles. Throws UserError when there are others than the messages have, or the model
  // sees none.
  TokenBatch prompt(const std::vector<Message>& messages, const std::vector<at::Tensor>& images = {}) const;
  // The same for one question with its images in front.
  TokenBatch question(const std::string& text, const std::vector<at::Tensor>& images = {}) const;
  // The model, or a quantised one of the same tokens, whose answers end with their turn as well.
  Decoder ending_turns(Decoder model) const;
  // The tokens of an answer as they stand behind a prompt, up to and with the one that ends the turn.
  std::vector<int64_t> answer(const std::string& text) const;

 private:
  TokenBatch with_roles(const std::vector<int64_t>& ids) const;

  const LoadedModel& model_;
  ChatTemplate chat_;
  std::unique_ptr<ImageProcessor> images_;  // null: the model takes none
};

}  // namespace freeact
