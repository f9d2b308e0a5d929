// The wire format of Protocol Buffers, as much as a tokenizer.model needs: the fields of a message one after another.
// Source: https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace freeact {

class ProtobufReader {
 public:
  struct Field {
    uint32_t number = 0;
    uint64_t scalar = 0;     // a varint, or the 4 or 8 bytes of a fixed field, little-endian
    std::string_view bytes;  // of a string or an inner message; empty otherwise
    bool is_bytes = false;

    bool flag() const { return scalar != 0; }
    float number_f32() const;
  };

  // message must outlive the fields.
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  // The next field; nothing at the end of the message. Throws UserError (without a place) where the bytes are no such
  // format.
  std::optional<Field> next();

 private:
  uint64_t varint();
  uint64_t fixed(size_t width);
  std::string_view take(uint64_t length);

  std::string_view rest_;
};

}  // namespace freeact
