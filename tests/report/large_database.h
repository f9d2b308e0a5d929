// A database like that of a large sweep: models, bit widths, every method in several configurations, seeds; tasks with
// prompts, answers and details; the errors of every layer. It is the same one every time.
#pragma once

#include "store/store.h"

namespace freeact {

// Every count is at least 1. Runs: models * (1 + bit_widths * 5 methods * variants) * seeds; each has 4 tasks.
struct LargeDatabase {
  int models = 10;
  int bit_widths = 4;  // at most 4
  int variants = 5;    // configurations of each method
  int seeds = 5;
  int items = 100;  // of each task
  int layers = 32;

  int runs() const { return models * (1 + bit_widths * 5 * variants) * seeds; }
  int64_t samples() const { return int64_t{4} * runs() * items; }
};

void fill(Store& store, const LargeDatabase& size);

}  // namespace freeact
