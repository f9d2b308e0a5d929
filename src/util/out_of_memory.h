#pragma once

#include <exception>
#include <new>
#include <string_view>

namespace freeact {

// Whether there was not enough memory, of the machine (std::bad_alloc, LibTorch's allocator) or of a GPU.
inline bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  const std::string_view what = error.what();
  return what.find("can't allocate memory") != std::string_view::npos ||
         what.find("out of memory") != std::string_view::npos;
}

}  // namespace freeact
