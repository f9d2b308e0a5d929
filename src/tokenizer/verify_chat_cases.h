// The cases of tokenizer_cases.json that are about chat templates, in the forms the families' reference outputs have.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tokenizer/chat.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

// The empty text, or what differs.
std::string difference(const std::string& what, const nlohmann::json& expected, const nlohmann::json& got);

class ChatCases {
 public:
  // How many tokens an image takes is read from the folder's io.json when a case has images.
  explicit ChatCases(const std::filesystem::path& folder) : folder_(folder), template_(ChatTemplate::load(folder)) {}

  // Of the group "chat". Throws nlohmann's exceptions on a case of another form.
  std::string check(const Tokenizer& tokenizer, const nlohmann::json& item) const;

  // Of "jinja_chat_template": InternVL's other template, without system message and images.
  static std::string check_plain(const Tokenizer& tokenizer, const nlohmann::json& item);

  // Of "system_message": the one that is added where a conversation has none.
  std::string check_system(const nlohmann::json& expected) const;

 private:
  std::string check_question(const Tokenizer& tokenizer, const nlohmann::json& item) const;
  std::string check_messages(const Tokenizer& tokenizer, const nlohmann::json& item) const;
  std::vector<int64_t> tokens_of(const nlohmann::json& images) const;

  std::filesystem::path folder_;
  ChatTemplate template_;
};

}  // namespace freeact
