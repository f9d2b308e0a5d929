#include "sandbox/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "util/error.h"

namespace freeact {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

struct Pipe {
  Descriptor read_end, write_end;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw EnvironmentError("cannot make a pipe: {}", std::strerror(errno));
    read_end = Descriptor(ends[0]);
    write_end = Descriptor(ends[1]);
  }
};

constexpr int kNotStarted = 127;

[[noreturn]] void become(char* const* argv, int input, int output, const std::function<bool()>& before_exec) {
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  if (before_exec()) execv(argv[0], argv);
  _exit(kNotStarted);
}

// Feeds and listens, until the child has closed its stdout or meets a limit.
class Conversation {
 public:
  Conversation(Descriptor to_child, Descriptor from_child, const std::string& input, const ChildLimits& limits)
      : to_child_(std::move(to_child)), from_child_(std::move(from_child)), input_(input), limits_(limits) {
    fcntl(to_child_.get(), F_SETFL, O_NONBLOCK);
  }

  void run(ChildOutcome& outcome) {
    const auto end = Clock::now() + std::chrono::duration<double>(limits_.wall_s);
    while (from_child_.is_open() && !outcome.timed_out && !outcome.too_much_output) {
      if (written_ == input_.size()) to_child_.close();
      const double left_ms = std::chrono::duration<double, std::milli>(end - Clock::now()).count();
      std::array<pollfd, 2> wanted = {{{from_child_.get(), POLLIN, 0}, {to_child_.get(), POLLOUT, 0}}};
      const int ready = left_ms <= 0 ? 0 : poll(wanted.data(), wanted.size(), static_cast<int>(left_ms) + 1);
      if (ready < 0 && errno == EINTR) continue;
      outcome.timed_out = ready <= 0;
      if (wanted[1].revents != 0) feed();
      if (wanted[0].revents != 0) listen(outcome);
    }
  }

 private:
  void feed() {
    const ssize_t count = write(to_child_.get(), input_.data() + written_, input_.size() - written_);
    if (count > 0)
      written_ += static_cast<size_t>(count);
    else if (errno != EAGAIN && errno != EINTR)
      written_ = input_.size();  // it does not want to hear more
  }

  void listen(ChildOutcome& outcome) {
    std::array<char, 4096> buffer{};
    const ssize_t count = read(from_child_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) return from_child_.close();
    const int64_t room = limits_.output_bytes - static_cast<int64_t>(outcome.output.size());
    outcome.output.append(buffer.data(), static_cast<size_t>(std::min<int64_t>(count, room)));
    outcome.too_much_output = count > room;
  }

  Descriptor to_child_, from_child_;
  const std::string& input_;
  size_t written_ = 0;
  ChildLimits limits_;
};

// While it lives, writing to a child that is gone is an error and no signal.
class IgnoredPipeSignal {
 public:
  IgnoredPipeSignal() : before_(signal(SIGPIPE, SIG_IGN)) {}
  ~IgnoredPipeSignal() { signal(SIGPIPE, before_); }
  IgnoredPipeSignal(const IgnoredPipeSignal&) = delete;
  IgnoredPipeSignal& operator=(const IgnoredPipeSignal&) = delete;

 private:
  void (*before_)(int);
};

}  // namespace

ChildOutcome run_child(const std::vector<std::string>& argv, const std::string& input, const ChildLimits& limits,
                       const std::function<bool()>& before_exec) {
  std::vector<char*> pointers;
  for (const auto& argument : argv) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  Pipe in, out;
  const IgnoredPipeSignal ignored;
  const pid_t child = fork();
  if (child < 0) throw EnvironmentError("cannot start a process: {}", std::strerror(errno));
  if (child == 0) become(pointers.data(), in.read_end.get(), out.write_end.get(), before_exec);
  in.read_end.close();
  out.write_end.close();
  ChildOutcome outcome;
  Conversation(std::move(in.write_end), std::move(out.read_end), input, limits).run(outcome);
  if (outcome.timed_out || outcome.too_much_output) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && !outcome.timed_out && !outcome.too_much_output) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

}  // namespace freeact
