#include "tokenizer/chat_images.h"

#include <fmt/format.h>

#include "util/error.h"

namespace freeact {
namespace {

constexpr std::string_view kImageMark = "<image>";

// The tokens before, for and after the features of an image.
struct ImageMarks {
  const char *open, *place, *close;
};

ImageMarks marks_of(ChatFamily family) {
  switch (family) {
    case ChatFamily::kQwenVl:
      return {"<|vision_start|>", "<|image_pad|>", "<|vision_end|>"};
    case ChatFamily::kInternVl:
      return {"<img>", "<IMG_CONTEXT>", "</img>"};
    case ChatFamily::kLlada:
    case ChatFamily::kChatMl:
      return {"", "", ""};
  }
  throw Defect("chat family without image marks");
}

std::string placeholder(const ImageMarks& marks, int64_t num_tokens) {
  FREEACT_CHECK(num_tokens > 0, "an image of {} tokens", num_tokens);
  std::string text = marks.open;
  for (int64_t i = 0; i < num_tokens; ++i) text += marks.place;
  return text + marks.close;
}

void check_counts(ChatFamily family, const std::vector<Message>& messages, const ChatImages& images) {
  size_t count = 0;
  for (const Message& message : messages) count += message.images.size();
  if (count > 0 && *image_token(family) == '\0')
    throw UserError("the conversation has {} images, but this model's chat template has no place for any", count);
  if (count != images.num_tokens.size())
    throw UserError("the conversation has places for {} images, but {} are given", count, images.num_tokens.size());
}

}  // namespace

const char* image_token(ChatFamily family) {
  return marks_of(family).place;
}

Message message_with_images(std::string role, std::string_view text) {
  Message message{std::move(role), ""};
  for (size_t found; (found = text.find(kImageMark)) != text.npos; text.remove_prefix(found + kImageMark.size())) {
    message.content += text.substr(0, found);
    message.images.push_back(message.content.size());
  }
  message.content += text;
  return message;
}

Message question_with_images(ChatFamily family, std::string_view text, size_t num_images) {
  Message message{"user", ""};
  for (size_t i = 0; i < num_images; ++i) {
    message.images.push_back(message.content.size());
    if (family == ChatFamily::kInternVl) message.content += '\n';
  }
  message.content += text;
  return message;
}

std::vector<Message> with_placeholders(ChatFamily family, const std::vector<Message>& messages,
                                       const ChatImages& images) {
  check_counts(family, messages, images);
  const ImageMarks marks = marks_of(family);
  std::vector<Message> result;
  size_t next = 0;
  for (const Message& message : messages) {
    Message& filled = result.emplace_back(Message{message.role, "", {}, message.is_open});
    size_t done = 0;
    for (const size_t place : message.images) {
      FREEACT_CHECK(done <= place && place <= message.content.size(), "an image at byte {} of {}", place,
                    message.content.size());
      filled.content += message.content.substr(done, place - done);
      done = place;
      if (images.numbered) filled.content += fmt::format("Picture {}: ", next + 1);
      filled.content += placeholder(marks, images.num_tokens[next++]);
    }
    filled.content += message.content.substr(done);
  }
  return result;
}

}  // namespace freeact
