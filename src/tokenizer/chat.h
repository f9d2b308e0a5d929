// Chat templates of the model families, written by hand: the published ones are Jinja programs or Python code of which
// these are the results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace freeact {

struct Message {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
  std::vector<size_t> images = {};  // for each image, how many bytes of content come before it; ascending
  bool is_open = false;  // the last message, where the answer goes on from it: its turn is not ended, and none follows
};

enum class ChatFamily {
  kLlada,   // headers and end-of-turn marks of Llama 3; contents are stripped; the assistant header is always appended
  kChatMl,  // Qwen2.5, Dream, SmolLM2: contents are left as they are
  kQwenVl,  // Qwen2.5-VL: ChatML with images
  kInternVl,  // InternVL2.5: ChatML with images, behind a beginning token; without an opening there is none
};

// What stands for the images of a conversation.
struct ChatImages {
  std::vector<int64_t> num_tokens = {};  // of each image, in the order of the conversation
  bool numbered = false;                 // Qwen2.5-VL: "Picture 1: " before each
};

// The token that a turn ends with.
const char* end_of_turn(ChatFamily family);

// The token in whose place the features of an image go; "" for a family without images.
const char* image_token(ChatFamily family);

// A message whose images stand where text says "<image>".
Message message_with_images(std::string role, std::string_view text);

// A user's message with its images in front, as the family's own code asks: InternVL gives each a line.
Message question_with_images(ChatFamily family, std::string_view text, size_t num_images);

// The text whose encoding is the prompt. `opening` is what a conversation begins with: the beginning token in front of
// LLaDA's first message, or ChatML's system message where the conversation has none of its own ("": none is added).
// LLaDA ignores add_generation_prompt, as its published template does. Throws UserError on a role the template has no
// place for (ChatML), on images in a family without them, and when images counts others than the messages have.
std::string render_chat(ChatFamily family, const std::vector<Message>& messages, bool add_generation_prompt,
                        std::string_view opening, const ChatImages& images = {});

// The template of a checkpoint folder.
class ChatTemplate {
 public:
  // Family from "model_type" of config.json; LLaDA's beginning token, or the system message that a ChatML template
  // names, from tokenizer_config.json. Throws UserError on a missing file or a family without a template.
  static ChatTemplate load(const std::filesystem::path& folder);

  // Throws UserError when the tokenizer lacks the token that a turn begins with, or that stands for an image: its model
  // was not trained to chat so.
  void check(const Tokenizer& tokenizer) const;

  ChatFamily family() const { return family_; }
  std::string render(const std::vector<Message>& messages, bool add_generation_prompt = true,
                     const ChatImages& images = {}) const {
    return render_chat(family_, messages, add_generation_prompt, opening_, images);
  }

 private:
  ChatTemplate(ChatFamily family, std::string opening) : family_(family), opening_(std::move(opening)) {}

  ChatFamily family_;
  std::string opening_;
};

}  // namespace freeact
