// Work that is done several pieces at a time.
#pragma once

#include <cstddef>
#include <functional>

namespace freeact {

// Calls work(i) for every 0 <= i < count in that order, up to `workers` at a time, each in a thread whose tensor
// operations use one thread, so that sums do not depend on the machine. The first exception stops all workers once
// they finish what they are at, and is thrown again here.
void run_side_by_side(size_t count, int workers, const std::function<void(size_t)>& work);

}  // namespace freeact
