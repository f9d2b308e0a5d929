// Chat templates of the model families, written by hand: the published ones are Jinja programs of which these are the
// results.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace freeact {

struct Message {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

enum class ChatFamily {
  kLlada,  // headers and end-of-turn marks of Llama 3; contents are stripped; the assistant header is always appended
  kDream,  // ChatML of Qwen2.5, with a default system message; contents are left as they are
};

// The text whose encoding is the prompt. bos goes in front of the first LLaDA message; Dream has none. LLaDA ignores
// add_generation_prompt, as its published template does. Throws UserError on a role the template has no place for
// (Dream).
std::string render_chat(ChatFamily family, const std::vector<Message>& messages, bool add_generation_prompt,
                        std::string_view bos = "");

// The template of a checkpoint folder.
class ChatTemplate {
 public:
  // Family from "model_type" of config.json, beginning token from tokenizer_config.json. Throws UserError on a missing
  // file or a family without a template.
  static ChatTemplate load(const std::filesystem::path& folder);

  ChatFamily family() const { return family_; }
  std::string render(const std::vector<Message>& messages, bool add_generation_prompt = true) const {
    return render_chat(family_, messages, add_generation_prompt, bos_);
  }

 private:
  ChatTemplate(ChatFamily family, std::string bos) : family_(family), bos_(std::move(bos)) {}

  ChatFamily family_;
  std::string bos_;
};

}  // namespace freeact
