// Whose fault an exception is, and what it says, in one line.
#pragma once

#include <string>

#include "util/error.h"

namespace freeact {

struct Fault {
  ExitCode code;
  std::string message;
};

// Of the exception that is being handled: call it in a catch block.
Fault current_fault();

}  // namespace freeact
