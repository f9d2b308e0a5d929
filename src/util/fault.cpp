#include "util/fault.h"

#include <algorithm>

#include "util/out_of_memory.h"

namespace freeact {
namespace {

// LibTorch's messages have several, of which the first says what happened.
std::string one_line(const std::string& text) {
  std::string line = text.substr(0, text.find("\nException raised from"));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

Fault current_fault() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.code(), one_line(error.what())};
  } catch (const std::exception& error) {
    if (is_out_of_memory(error))
      return {ExitCode::kEnvironment, "out of memory: use a smaller model, batch or number of workers"};
    return {ExitCode::kDefect, "a defect of ours, please report it: " + one_line(error.what())};
  }
}

}  // namespace freeact
