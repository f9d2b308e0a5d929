// What lies between the added tokens of a text: how it becomes ids, and how ids become text again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freeact {

class TextModel {
 public:
  virtual ~TextModel() = default;

  // Appends the ids of a text without added tokens (those apart that are sought in the normalised text), any bytes.
  virtual void encode(std::string_view text, std::vector<int64_t>& ids) const = 0;

  // Valid UTF-8. ids, added tokens among them, are those of the tokenizer that a text is to be made of.
  virtual std::string decode(std::span<const int64_t> ids) const = 0;
};

}  // namespace freeact
