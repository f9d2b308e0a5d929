// Values to SQLite columns and back.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <limits>

namespace freeact {

// SQLite knows no NaN: it stores NULL, which we read back as NaN.
inline double real(const SQLite::Column& column) {
  return column.isNull() ? std::numeric_limits<double>::quiet_NaN() : column.getDouble();
}

// SQLite integers are signed; seeds keep their bits.
inline int64_t signed_bits(uint64_t seed) {
  return static_cast<int64_t>(seed);
}
inline uint64_t unsigned_bits(const SQLite::Column& column) {
  return static_cast<uint64_t>(column.getInt64());
}

// Binds the values in order and executes; the statement can then take the next row.
template <typename... Values>
void insert(SQLite::Statement& statement, const Values&... values) {
  int index = 0;
  (statement.bind(++index, values), ...);
  statement.exec();
  statement.reset();
}

}  // namespace freeact
