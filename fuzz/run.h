// What all fuzz targets share.
#pragma once

#include <cstdint>
#include <string_view>

#include "util/error.h"

namespace freeact {

// Runs one input. Refusing it is right; any other exception ends the program, and so does a message that is no
// message.
template <typename Function>
int run_input(const uint8_t* data, size_t size, Function read) {
  try {
    read(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const UserError& error) {
    FREEACT_CHECK(!std::string_view(error.what()).empty(), "an error without a message");
  }
  return 0;
}

}  // namespace freeact
