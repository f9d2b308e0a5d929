// The placeholders of images in a conversation.
#pragma once

#include <vector>

#include "tokenizer/chat.h"

namespace freeact {

// The messages with placeholders written into their contents, and no images left. Throws UserError on images in a
// family without them, and when images counts others than the messages have.
std::vector<Message> with_placeholders(ChatFamily family, const std::vector<Message>& messages,
                                       const ChatImages& images);

}  // namespace freeact
