// Settings of the whole process that a training changes while it lasts.
#pragma once

#include <ATen/Parallel.h>

namespace freeact {

class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

// Lets the allocator keep freed memory for the rest of the process: a training step frees and asks for the same large
// blocks again, and getting them from the system each time, page by page, costs up to a third of the step.
void keep_freed_memory();

}  // namespace freeact
