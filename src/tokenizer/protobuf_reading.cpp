#include "tokenizer/protobuf_reading.h"

#include <bit>

#include "util/error.h"

namespace freeact {

float ProtobufReader::Field::number_f32() const {
  return std::bit_cast<float>(static_cast<uint32_t>(scalar));
}

std::optional<ProtobufReader::Field> ProtobufReader::next() {
  if (rest_.empty()) return std::nullopt;
  const uint64_t tag = varint();
  Field field;
  field.number = static_cast<uint32_t>(tag >> 3);
  if (field.number == 0 || tag >> 32 != 0) throw UserError("a field with the number {}", tag >> 3);
  switch (tag & 7) {
    case 0:
      field.scalar = varint();
      break;
    case 1:
      field.scalar = fixed(8);
      break;
    case 2:
      field.bytes = take(varint());
      field.is_bytes = true;
      break;
    case 5:
      field.scalar = fixed(4);
      break;
    default:
      throw UserError("a field of the unknown wire type {}", tag & 7);
  }
  return field;
}

uint64_t ProtobufReader::varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<uint8_t>(take(1)[0]);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  throw UserError("a number of more than ten bytes");
}

uint64_t ProtobufReader::fixed(size_t width) {
  uint64_t value = 0;
  unsigned shift = 0;
  for (const char byte : take(width)) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(byte)) << shift;
    shift += 8;
  }
  return value;
}

std::string_view ProtobufReader::take(uint64_t length) {
  if (length > rest_.size()) throw UserError("{} bytes are announced where {} are left", length, rest_.size());
  const std::string_view taken = rest_.substr(0, static_cast<size_t>(length));
  rest_.remove_prefix(taken.size());
  return taken;
}

}  // namespace freeact
