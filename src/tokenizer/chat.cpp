#include "tokenizer/chat.h"

#include <fmt/format.h>

#include <regex>

#include "tokenizer/chat_images.h"
#include "tokenizer/json_reading.h"
#include "tokenizer/unicode.h"
#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

constexpr const char* kConfigFile = "tokenizer_config.json";
constexpr const char* kHelpfulAssistant = "You are a helpful assistant.";

// InternVL2.5 was trained behind this system message (its template "internvl2_5") and this token.
constexpr const char* kInternVlSystem =
    "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华"
    "大学及多家合作单位联合开发的多模态大语言模型。";
constexpr const char* kInternVlBegin = "<s>";

std::string llada_header(std::string_view role) {
  return fmt::format("<|start_header_id|>{}<|end_header_id|>\n\n", role);
}

std::string render_llada(const std::vector<Message>& messages, std::string_view bos) {
  std::string text;
  if (!messages.empty()) text += bos;
  for (const Message& message : messages) {
    text += llada_header(message.role);
    text += strip(message.content);
    if (message.is_open) return text;
    text += "<|eot_id|>";
  }
  return text + llada_header("assistant");
}

std::string chatml_turn(std::string_view role, std::string_view content, bool is_open = false) {
  return fmt::format("<|im_start|>{}\n{}{}", role, content, is_open ? "" : "<|im_end|>\n");
}

std::string render_chatml(const std::vector<Message>& messages, bool add_generation_prompt,
                          std::string_view default_system) {
  std::string text;
  const bool own_system = !messages.empty() && messages[0].role == "system";
  if (!own_system && !default_system.empty()) text += chatml_turn("system", default_system);
  for (const Message& message : messages) {
    // The published template leaves a turn of another role out without a word, which would change what is asked.
    if (message.role != "system" && message.role != "user" && message.role != "assistant")
      throw UserError(unknown_name("chat role", message.role, {"assistant", "system", "user"}));
    text += chatml_turn(message.role, message.content, message.is_open);
    if (message.is_open) return text;
  }
  if (add_generation_prompt) text += "<|im_start|>assistant\n";
  return text;
}

// The system message of the conversation template that the configuration names: the template itself is code. "chatml"
// is a name of ours, for models of this form on a language model of ChatML.
std::string internvl_opening(const JsonPlace& config) {
  const std::string name = config.text_or("template", "");
  if (name == "internvl2_5") return kInternVlSystem;
  if (name == "chatml") return "";
  throw UserError(unknown_name("conversation template", name, {"chatml", "internvl2_5"}, config.where() + ": "));
}

// The text of "bos_token", given as a text or as an object with its flags.
std::string bos_of(const std::filesystem::path& folder) {
  const JsonPlace tokenizer = JsonPlace::read(folder / kConfigFile);
  if (!tokenizer.has("bos_token")) return "";
  const JsonPlace bos = tokenizer.at("bos_token");
  return bos.value().is_object() ? bos.at("content").text() : bos.text();
}

// The Jinja text, "" where the folder has none.
std::string published_template(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / kConfigFile)) return "";
  const JsonPlace tokenizer = JsonPlace::read(folder / kConfigFile);
  return tokenizer.has("chat_template") ? tokenizer.at("chat_template").text() : "";
}

// The system message that a ChatML template adds where a conversation has none: it stands in it as a literal, either
// with its marks ('<|im_start|>system\nYou are ...<|im_end|>') or, as Qwen2.5 writes it, by itself.
std::string default_system_of(const std::string& chat_template) {
  static const std::regex marked(R"(<\|im_start\|>system(?:\n|\\n)([^'"{}]+?)<\|im_end\|>)");
  static const std::regex bare(R"(\{\{-? *'(You are [^']*)' *-?\}\})");
  std::smatch match;
  for (const std::regex& form : {marked, bare})
    if (std::regex_search(chat_template, match, form)) return match[1];
  return "";
}

}  // namespace

const char* end_of_turn(ChatFamily family) {
  return family == ChatFamily::kLlada ? "<|eot_id|>" : "<|im_end|>";
}

std::string render_chat(ChatFamily family, const std::vector<Message>& messages, bool add_generation_prompt,
                        std::string_view opening, const ChatImages& images) {
  const std::vector<Message> filled = with_placeholders(family, messages, images);
  switch (family) {
    case ChatFamily::kLlada:
      return render_llada(filled, opening);
    case ChatFamily::kChatMl:
    case ChatFamily::kQwenVl:
      return render_chatml(filled, add_generation_prompt, opening);
    case ChatFamily::kInternVl:
      return (opening.empty() ? "" : kInternVlBegin) + render_chatml(filled, add_generation_prompt, opening);
  }
  throw Defect("chat family without a template");
}

ChatTemplate ChatTemplate::load(const std::filesystem::path& folder) {
  const JsonPlace config = JsonPlace::read(folder / "config.json");
  const std::string type = config.at("model_type").text();
  if (type == "llada") return {ChatFamily::kLlada, bos_of(folder)};
  if (type == "qwen2_5_vl") return {ChatFamily::kQwenVl, kHelpfulAssistant};
  if (type == "internvl_chat") return {ChatFamily::kInternVl, internvl_opening(config)};
  const std::string published = published_template(folder);
  if (published.find("<|im_start|>") != std::string::npos) return {ChatFamily::kChatMl, default_system_of(published)};
  if (type == "Dream") return {ChatFamily::kChatMl, kHelpfulAssistant};
  const std::vector<std::string> known = {"Dream", "internvl_chat", "llada", "qwen2_5_vl"};
  throw UserError(unknown_name("chat template for the model_type", type, known, config.where() + ": ") +
                  ", or a ChatML template in tokenizer_config.json");
}

void ChatTemplate::check(const Tokenizer& tokenizer) const {
  const char* mark = family_ == ChatFamily::kLlada ? "<|start_header_id|>" : "<|im_start|>";
  if (!tokenizer.id_of(mark))
    throw UserError("the tokenizer has no token {}: this model was not trained to chat, ask it without a chat template",
                    mark);
  if (const char* image = image_token(family_); *image != '\0' && !tokenizer.id_of(image))
    throw UserError("the tokenizer has no token {}, in whose place the features of an image go", image);
}

}  // namespace freeact
