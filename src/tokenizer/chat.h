// Chat templates of the model families, written by hand: the published ones are Jinja programs of which these are the
// results.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace freeact {

struct Message {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

enum class ChatFamily {
  kLlada,   // headers and end-of-turn marks of Llama 3; contents are stripped; the assistant header is always appended
  kChatMl,  // Qwen2.5, Dream, SmolLM2: contents are left as they are
};

// The token that a turn ends with.
const char* end_of_turn(ChatFamily family);

// The text whose encoding is the prompt. `opening` is what a conversation begins with: the beginning token in front of
// LLaDA's first message, or ChatML's system message where the conversation has none of its own ("": none is added).
// LLaDA ignores add_generation_prompt, as its published template does. Throws UserError on a role the template has no
// place for (ChatML).
std::string render_chat(ChatFamily family, const std::vector<Message>& messages, bool add_generation_prompt,
                        std::string_view opening);

// The template of a checkpoint folder.
class ChatTemplate {
 public:
  // Family from "model_type" of config.json; LLaDA's beginning token, or the system message that a ChatML template
  // names, from tokenizer_config.json. Throws UserError on a missing file or a family without a template.
  static ChatTemplate load(const std::filesystem::path& folder);

  // Throws UserError when the tokenizer lacks the token that a turn begins with: its model was not trained to chat.
  void check(const Tokenizer& tokenizer) const;

  ChatFamily family() const { return family_; }
  std::string render(const std::vector<Message>& messages, bool add_generation_prompt = true) const {
    return render_chat(family_, messages, add_generation_prompt, opening_);
  }

 private:
  ChatTemplate(ChatFamily family, std::string opening) : family_(family), opening_(std::move(opening)) {}

  ChatFamily family_;
  std::string opening_;
};

}  // namespace freeact
