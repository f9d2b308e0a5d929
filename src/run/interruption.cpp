#include "run/interruption.h"

#include <cstdio>
#include <cstdlib>

namespace freeact {
namespace {

constexpr long kLookEvery_ns = 100'000'000;

bool is_ignored(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

Interruption::Interruption(std::function<void(int)> farewell) : farewell_(std::move(farewell)) {
  sigemptyset(&signals_);
  for (const int signal : {SIGTERM, SIGINT})
    if (!is_ignored(signal)) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

Interruption::~Interruption() {
  watcher_.request_stop();
  watcher_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interruption::watch(const std::stop_token& stop) const {
  while (!stop.stop_requested()) {
    const timespec patience = {0, kLookEvery_ns};
    const int signal = sigtimedwait(&signals_, nullptr, &patience);
    if (signal <= 0) continue;
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);  // the second one meets this thread, and ends the program
    farewell_(signal);
    std::fflush(nullptr);
    std::_Exit(128 + signal);
  }
}

}  // namespace freeact
