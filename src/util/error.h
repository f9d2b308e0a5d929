// How the suite fails: one exception per party at fault, each with its documented exit code.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace freeact {

// Exit codes of the program; scripts rely on them.
enum class ExitCode : int {
  kDone = 0,
  kComparisonFailed = 1,
  kUserInput = 2,    // an experiment, a file or an argument was wrong
  kEnvironment = 3,  // the machine lacks something: disk, permission, library
  kDefect = 70,      // our own fault
};

// Base of all errors we raise on purpose. what() says what was wrong, where, and what to do, in one line.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// The user's input is at fault (exit code 2).
class UserError : public Error {
 public:
  explicit UserError(const std::string& message) : Error(ExitCode::kUserInput, message) {}
  template <typename... Args>
  UserError(fmt::format_string<Args...> text, Args&&... args)
      : UserError(fmt::format(text, std::forward<Args>(args)...)) {}
};

// The machine lacks something the work needs (exit code 3).
class EnvironmentError : public Error {
 public:
  explicit EnvironmentError(const std::string& message) : Error(ExitCode::kEnvironment, message) {}
  template <typename... Args>
  EnvironmentError(fmt::format_string<Args...> text, Args&&... args)
      : EnvironmentError(fmt::format(text, std::forward<Args>(args)...)) {}
};

// A broken invariant of our own code (exit code 70).
class Defect : public Error {
 public:
  explicit Defect(const std::string& message) : Error(ExitCode::kDefect, message) {}
};

}  // namespace freeact

// For invariants that only a defect of ours can break. The message is a fmt format string with arguments.
#define FREEACT_CHECK(condition, ...)                                                                                 \
  do {                                                                                                                \
    if (!(condition))                                                                                                 \
      throw ::freeact::Defect(fmt::format("{}:{}: {} (", __FILE__, __LINE__, #condition) + fmt::format(__VA_ARGS__) + \
                              ")");                                                                                   \
  } while (false)
