#include "tokenizer/verify_chat_cases.h"

#include <fmt/format.h>

#include "tokenizer/json_reading.h"
#include "util/hash.h"

namespace freeact {
namespace {

using nlohmann::json;

// A text, or a list of {"type": "text", "text": ...} and {"type": "image"}.
Message read_message(const json& item) {
  Message message{item.at("role").get<std::string>(), ""};
  const json& content = item.at("content");
  if (content.is_string()) {
    message.content = content.get<std::string>();
    return message;
  }
  for (const json& part : content) {
    if (part.at("type") == "image") {
      message.images.push_back(message.content.size());
    } else {
      message.content += part.at("text").get<std::string>();
    }
  }
  return message;
}

std::vector<Message> read_messages(const json& items) {
  std::vector<Message> messages;
  for (const json& item : items) messages.push_back(read_message(item));
  return messages;
}

}  // namespace

std::string difference(const std::string& what, const json& expected, const json& got) {
  if (expected == got) return "";
  return fmt::format("{}: expected {}, got {}; ", what, expected.dump(), got.dump());
}

std::string ChatCases::check(const Tokenizer& tokenizer, const json& item) const {
  return item.contains("question") ? check_question(tokenizer, item) : check_messages(tokenizer, item);
}

// "rendered" has one placeholder an image, "ids" all.
std::string ChatCases::check_messages(const Tokenizer& tokenizer, const json& item) const {
  const json options = item.value("options", item);
  const bool prompt = options.at("add_generation_prompt").get<bool>();
  const std::vector<Message> messages = read_messages(item.at("messages"));
  const std::vector<int64_t> num_tokens = tokens_of(item.value("images", json::array()));
  const bool numbered = options.value("add_vision_id", false);
  const std::string unexpanded =
      template_.render(messages, prompt, {std::vector<int64_t>(num_tokens.size(), 1), numbered});
  const std::string expanded = template_.render(messages, prompt, {num_tokens, numbered});
  return difference("rendered", item.at("rendered"), unexpanded) +
         difference("ids", item.at("ids"), tokenizer.encode(expanded));
}

// A last question after pairs of questions and answers; "<image>" marks the images.
std::string ChatCases::check_question(const Tokenizer& tokenizer, const json& item) const {
  std::vector<Message> messages;
  for (const json& turn : item.at("history")) {
    messages.push_back(message_with_images("user", turn.at(0).get<std::string>()));
    messages.push_back({"assistant", turn.at(1).get<std::string>()});
  }
  const auto question = item.at("question").get<std::string>();
  Message last = message_with_images("user", question);
  if (messages.empty() && last.images.empty() && !item.at("images").empty())
    last = question_with_images(template_.family(), question, 1);
  messages.push_back(std::move(last));
  const std::string rendered = template_.render(messages, true, {tokens_of(item.at("images"))});
  const std::string begin = tokenizer.token_of_role("bos_token").value_or("");
  const std::string text = rendered.substr(rendered.starts_with(begin) ? begin.size() : 0);
  return difference("rendered_sha256", item.at("rendered_sha256"), sha256(text)) +
         difference("ids", item.at("ids"), tokenizer.encode(rendered));
}

std::string ChatCases::check_plain(const Tokenizer& tokenizer, const json& item) {
  const std::string rendered = tokenizer.token_of_role("bos_token").value_or("") +
                               render_chat(ChatFamily::kChatMl, read_messages(item.at("messages")),
                                           item.at("add_generation_prompt").get<bool>(), /*opening=*/"");
  return difference("rendered", item.at("rendered"), rendered) +
         difference("ids", item.at("ids"), tokenizer.encode(rendered));
}

std::string ChatCases::check_system(const json& expected) const {
  const std::string rendered = template_.render({{"user", ""}}, false);
  const std::string turn = "<|im_start|>system\n" + expected.get<std::string>() + "<|im_end|>\n";
  return rendered.find(turn) != rendered.npos ? "" : difference("system_message", expected, rendered);
}

std::vector<int64_t> ChatCases::tokens_of(const json& images) const {
  if (images.empty()) return {};
  const JsonPlace known = JsonPlace::read(folder_ / "io.json").at("images");
  std::vector<int64_t> num_tokens;
  for (const json& name : images)
    num_tokens.push_back(known.at(name.get<std::string>()).at("image_tokens").whole_number());
  return num_tokens;
}

}  // namespace freeact
