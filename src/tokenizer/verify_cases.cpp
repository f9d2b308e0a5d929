#include "tokenizer/verify_cases.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "tokenizer/chat.h"
#include "tokenizer/json_reading.h"
#include "tokenizer/tokenizer.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;
using Ids = std::vector<int64_t>;

// The empty text, or what differs.
std::string difference(const std::string& what, const json& expected, const json& got) {
  if (expected == got) return "";
  return fmt::format("{}: expected {}, got {}; ", what, expected.dump(), got.dump());
}

std::string check_decoding(const Tokenizer& tokenizer, const json& item) {
  const auto ids = item.at("ids").get<Ids>();
  return difference("decoded", item.at("decoded"), tokenizer.decode(ids)) +
         difference("decoded_skip_special", item.value("decoded_skip_special", json(tokenizer.decode(ids, true))),
                    tokenizer.decode(ids, true));
}

std::string check_encoding(const Tokenizer& tokenizer, const json& item) {
  return difference("ids", item.at("ids"), tokenizer.encode(item.at("text").get<std::string>())) +
         check_decoding(tokenizer, item);
}

std::string check_chat(const Tokenizer& tokenizer, const ChatTemplate& chat, const json& item) {
  std::vector<Message> messages;
  for (const json& message : item.at("messages"))
    messages.push_back({message.at("role").get<std::string>(), message.at("content").get<std::string>()});
  const std::string rendered = chat.render(messages, item.at("add_generation_prompt").get<bool>());
  return difference("rendered", item.at("rendered"), rendered) +
         difference("ids", item.at("ids"), tokenizer.encode(rendered));
}

// expected: {"token": text or null, "id": number or null}
std::string check_role(const Tokenizer& tokenizer, const std::string& role, const json& expected) {
  const auto token = tokenizer.token_of_role(role);
  const auto id = token ? tokenizer.id_of(*token) : std::nullopt;
  return difference("token", expected.at("token"), token ? json(*token) : json()) +
         difference("id", expected.at("id"), id ? json(*id) : json());
}

std::string check_vocabulary(const Tokenizer& tokenizer, const json& expected) {
  return difference("base", expected.at("base"), tokenizer.base_size()) +
         difference("total", expected.at("total"), tokenizer.size());
}

std::string check_skipped(const Tokenizer& tokenizer, const json& expected) {
  Ids skipped;
  for (int64_t id = 0; id < tokenizer.size(); ++id)
    if (tokenizer.is_skipped(id)) skipped.push_back(id);
  return difference("ids", expected, skipped);
}

class Checker {
 public:
  explicit Checker(const std::filesystem::path& folder) : folder_(folder), tokenizer_(Tokenizer::load(folder)) {}

  void check_group(const std::string& group, const json& cases) {
    if (group == "encode") {
      for_each(group, cases, [&](const auto&, const json& item) { return check_encoding(tokenizer_, item); });
    } else if (group == "decode_only") {
      for_each(group, cases, [&](const auto&, const json& item) { return check_decoding(tokenizer_, item); });
    } else if (group == "chat") {
      for_each(group, cases, [&](const auto&, const json& item) { return check_chat(tokenizer_, chat(), item); });
    } else if (group == "special") {
      for_each(group, cases, [&](const auto& role, const json& item) { return check_role(tokenizer_, role, item); });
    } else if (group == "vocab") {
      check(group, [&] { return check_vocabulary(tokenizer_, cases); });
    } else if (group == "skipped_by_skip_special") {
      check(group, [&] { return check_skipped(tokenizer_, cases); });
    } else {
      results.push_back({group, false, "this group of cases is not understood"});
    }
  }

  std::vector<TokenizerCaseResult> results;

 private:
  // Named by index in a list and by key in an object.
  void for_each(const std::string& group, const json& cases,
                const std::function<std::string(const std::string&, const json&)>& compare) {
    for (const auto& entry : cases.items())
      check(group + "/" + entry.key(), [&] { return compare(entry.key(), entry.value()); });
  }

  void check(const std::string& name, const std::function<std::string()>& compare) {
    std::string detail;
    try {
      detail = compare();
    } catch (const json::exception& error) {
      detail = fmt::format("this case is not understood: {}", error.what());
    } catch (const Error& error) {
      detail = error.what();
    }
    results.push_back({name, detail.empty(), detail});
  }

  // Loaded when first asked for: a folder may have no chat cases, and its family no template.
  const ChatTemplate& chat() {
    if (!chat_) chat_ = ChatTemplate::load(folder_);
    return *chat_;
  }

  std::filesystem::path folder_;
  Tokenizer tokenizer_;
  std::optional<ChatTemplate> chat_;
};

}  // namespace

std::vector<TokenizerCaseResult> check_tokenizer_cases(const std::filesystem::path& folder) {
  const JsonPlace file = JsonPlace::read(folder / "tokenizer_cases.json");
  Checker checker(folder);
  for (const auto& [group, cases] : file.object().items())
    if (group != "note" && group != "reference") checker.check_group(group, cases);
  return std::move(checker.results);
}

}  // namespace freeact
