#include "util/side_by_side.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace freeact {

void run_side_by_side(size_t count, size_t workers, const std::function<void(size_t worker, size_t i)>& work,
                      const std::function<void()>& on_start) {
  std::atomic<size_t> next = 0;
  std::atomic<bool> stopped = false;
  std::mutex mutex;
  std::exception_ptr fault;
  const auto loop = [&](size_t worker) {
    try {
      on_start();
      for (size_t i = next++; i < count && !stopped; i = next++) work(worker, i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!fault) fault = std::current_exception();
      stopped = true;
    }
  };
  std::vector<std::thread> threads;
  for (size_t worker = 0; worker < workers; ++worker) threads.emplace_back(loop, worker);
  for (auto& thread : threads) thread.join();
  if (fault) std::rethrow_exception(fault);
}

}  // namespace freeact
