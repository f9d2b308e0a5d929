// Pieces of work done by several threads.
#pragma once

#include <cstddef>
#include <functional>

namespace freeact {

// Calls work(worker, i) once for every 0 <= i < count, begun in that order, each worker (0 <= worker < workers) in a
// thread of its own that calls on_start() first. The first exception stops all of them once they finish what they are
// at, and is thrown again here.
void run_side_by_side(size_t count, size_t workers, const std::function<void(size_t worker, size_t i)>& work,
                      const std::function<void()>& on_start);

}  // namespace freeact
