// Values to SQLite columns and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <limits>
#include <optional>

namespace freeact {

// SQLite knows no NaN: it stores NULL, which we read back as NaN.
inline double real(const SQLite::Column& column) {
  return column.isNull() ? std::numeric_limits<double>::quiet_NaN() : column.getDouble();
}

// Where NULL means that nothing was measured.
inline std::optional<double> optional_real(const SQLite::Column& column) {
  return column.isNull() ? std::nullopt : std::optional(column.getDouble());
}
inline std::optional<int64_t> optional_integer(const SQLite::Column& column) {
  return column.isNull() ? std::nullopt : std::optional(column.getInt64());
}

// SQLite integers are signed; seeds keep their bits.
inline int64_t signed_bits(uint64_t seed) {
  return static_cast<int64_t>(seed);
}
inline uint64_t unsigned_bits(const SQLite::Column& column) {
  return static_cast<uint64_t>(column.getInt64());
}

template <typename Value>
void bind_value(SQLite::Statement& statement, int index, const Value& value) {
  statement.bind(index, value);
}
template <typename Value>
void bind_value(SQLite::Statement& statement, int index, const std::optional<Value>& value) {
  if (value)
    statement.bind(index, *value);
  else
    statement.bind(index);
}

// Binds the values in order and executes; the statement can then take the next row.
template <typename... Values>
void insert(SQLite::Statement& statement, const Values&... values) {
  int index = 0;
  (bind_value(statement, ++index, values), ...);
  statement.exec();
  statement.reset();
}

}  // namespace freeact
