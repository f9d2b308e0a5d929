// Ending in order when the user, or the system, asks for it.
#pragma once

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more than <csignal>

#include <functional>
#include <thread>

namespace freeact {

// From SIGTERM or SIGINT to a prompt end: farewell(signal) runs in a thread of its own, then the program exits with
// 128 + signal, while other threads may still compute: whatever is written must be whole or absent at any moment. A
// second signal ends the program at once. Make it before any other thread: they must not take the signals. A signal
// that is ignored stays so, as under nohup.
class Interruption {
 public:
  explicit Interruption(std::function<void(int signal)> farewell);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

 private:
  void watch(const std::stop_token& stop) const;

  std::function<void(int)> farewell_;
  sigset_t signals_{}, before_{};
  std::jthread watcher_;
};

}  // namespace freeact
