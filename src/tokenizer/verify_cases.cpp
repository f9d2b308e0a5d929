#include "tokenizer/verify_cases.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "tokenizer/json_reading.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/verify_chat_cases.h"
#include "util/error.h"

namespace freeact {
namespace {

using nlohmann::json;
using Ids = std::vector<int64_t>;

std::string check_decoding(const Tokenizer& tokenizer, const json& item) {
  const auto ids = item.at("ids").get<Ids>();
  return difference("decoded", item.at("decoded"), tokenizer.decode(ids)) +
         difference("decoded_skip_special", item.value("decoded_skip_special", json(tokenizer.decode(ids, true))),
                    tokenizer.decode(ids, true));
}

// "ids_with_bos": the beginning token in front.
std::string check_begun(const Tokenizer& tokenizer, const json& item, Ids ids) {
  if (!item.contains("ids_with_bos")) return "";
  const auto begin = tokenizer.token_of_role("bos_token");
  if (const auto id = begin ? tokenizer.id_of(*begin) : std::nullopt) ids.insert(ids.begin(), *id);
  return difference("ids_with_bos", item.at("ids_with_bos"), ids);
}

std::string check_encoding(const Tokenizer& tokenizer, const json& item) {
  const Ids ids = tokenizer.encode(item.at("text").get<std::string>());
  return difference("ids", item.at("ids"), ids) + check_begun(tokenizer, item, ids) + check_decoding(tokenizer, item);
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
      for_each(group, cases, [&](const auto&, const json& item) { return chat().check(tokenizer_, item); });
    } else if (group == "jinja_chat_template") {
      for_each(group, cases, [&](const auto&, const json& item) { return ChatCases::check_plain(tokenizer_, item); });
    } else if (group == "system_message") {
      check(group, [&] { return chat().check_system(cases); });
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
  const ChatCases& chat() {
    if (!chat_) chat_.emplace(folder_);
    return *chat_;
  }

  std::filesystem::path folder_;
  Tokenizer tokenizer_;
  std::optional<ChatCases> chat_;
};

}  // namespace

std::vector<TokenizerCaseResult> check_tokenizer_cases(const std::filesystem::path& folder) {
  const JsonPlace file = JsonPlace::read(folder / "tokenizer_cases.json");
  Checker checker(folder);
  for (const auto& [group, cases] : file.object().items())
    if (group != "note" && group != "reference" && group != "conversation_template") checker.check_group(group, cases);
  return std::move(checker.results);
}

}  // namespace freeact
