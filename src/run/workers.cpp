#include "run/workers.h"

#include <ATen/Parallel.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace freeact {

void run_side_by_side(size_t count, int workers, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::atomic<bool> stopped = false;
  std::mutex mutex;
  std::exception_ptr fault;
  const auto loop = [&] {
    at::set_num_threads(1);
    for (size_t i = next++; i < count && !stopped; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!fault) fault = std::current_exception();
        stopped = true;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < workers; ++i) threads.emplace_back(loop);
  for (auto& thread : threads) thread.join();
  if (fault) std::rethrow_exception(fault);
}

}  // namespace freeact
