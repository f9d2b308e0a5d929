#include "tokenizer/chat.h"

#include <fmt/format.h>

#include "tokenizer/json_reading.h"
#include "tokenizer/unicode.h"
#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

std::string llada_header(std::string_view role) {
  return fmt::format("<|start_header_id|>{}<|end_header_id|>\n\n", role);
}

std::string render_llada(const std::vector<Message>& messages, std::string_view bos) {
  std::string text;
  if (!messages.empty()) text += bos;
  for (const Message& message : messages) {
    text += llada_header(message.role);
    text += strip(message.content);
    text += "<|eot_id|>";
  }
  return text + llada_header("assistant");
}

std::string chatml_turn(std::string_view role, std::string_view content) {
  return fmt::format("<|im_start|>{}\n{}<|im_end|>\n", role, content);
}

std::string render_dream(const std::vector<Message>& messages, bool add_generation_prompt) {
  std::string text;
  if (messages.empty() || messages[0].role != "system") text += chatml_turn("system", "You are a helpful assistant.");
  for (const Message& message : messages) {
    // The published template leaves a turn of another role out without a word, which would change what is asked.
    if (message.role != "system" && message.role != "user" && message.role != "assistant")
      throw UserError(unknown_name("chat role", message.role, {"assistant", "system", "user"}));
    text += chatml_turn(message.role, message.content);
  }
  if (add_generation_prompt) text += "<|im_start|>assistant\n";
  return text;
}

ChatFamily family_of(const JsonPlace& config) {
  const std::string type = config.at("model_type").text();
  if (type == "llada") return ChatFamily::kLlada;
  if (type == "Dream") return ChatFamily::kDream;
  throw UserError(unknown_name("chat template for the model_type", type, {"Dream", "llada"}, config.where() + ": "));
}

// The text of "bos_token", given as a text or as an object with its flags.
std::string bos_of(const std::filesystem::path& folder) {
  const JsonPlace config = JsonPlace::read(folder / "tokenizer_config.json");
  if (!config.has("bos_token")) return "";
  const JsonPlace bos = config.at("bos_token");
  return bos.value().is_object() ? bos.at("content").text() : bos.text();
}

}  // namespace

std::string render_chat(ChatFamily family, const std::vector<Message>& messages, bool add_generation_prompt,
                        std::string_view bos) {
  switch (family) {
    case ChatFamily::kLlada:
      return render_llada(messages, bos);
    case ChatFamily::kDream:
      return render_dream(messages, add_generation_prompt);
  }
  throw Defect("chat family without a template");
}

ChatTemplate ChatTemplate::load(const std::filesystem::path& folder) {
  const ChatFamily family = family_of(JsonPlace::read(folder / "config.json"));
  return {family, family == ChatFamily::kLlada ? bos_of(folder) : ""};
}

}  // namespace freeact
