#pragma once

#include <gtest/gtest.h>

#include <string>

namespace freeact {

// What the error thrown by fn says; fails the test when there is none.
template <typename Error, typename Function>
std::string message_of(Function fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace freeact
