// Source: EleutherAI/lm-evaluation-harness 4e7e0d47, lm_eval/api/samplers.py.
#include "task/shots.h"

#include <numeric>

#include "task/python_random.h"

namespace freeact {
namespace {

constexpr uint32_t kSeed = 1234;  // lm-eval's --seed for examples

// Of candidates in order, without the item itself.
std::vector<int64_t> first_others(const std::vector<int64_t>& candidates, int64_t item, bool is_own, int64_t count) {
  std::vector<int64_t> others;
  for (const int64_t candidate : candidates)
    if (static_cast<int64_t>(others.size()) < count && !(is_own && candidate == item)) others.push_back(candidate);
  return others;
}

}  // namespace

std::vector<std::vector<int64_t>> draw_shots(const ShotSettings& shots, int64_t count, int64_t num_items,
                                             int64_t num_examples, bool is_own) {
  std::vector<std::vector<int64_t>> drawn(static_cast<size_t>(num_items));
  if (count == 0) return drawn;
  const int64_t needed = count + (is_own ? 1 : 0);
  if (needed > num_examples)
    throw UserError("{} examples are asked for, but there are {}", count, num_examples - (is_own ? 1 : 0));
  std::vector<int64_t> candidates(static_cast<size_t>(needed));
  std::iota(candidates.begin(), candidates.end(), 0);
  PythonRandom random(kSeed);  // one generator for all: an item's examples depend on those before it
  for (int64_t item = 0; item < num_items; ++item) {
    if (shots.draw == "sampled") candidates = random.sample(num_examples, needed);
    drawn[static_cast<size_t>(item)] = first_others(candidates, item, is_own, count);
  }
  return drawn;
}

}  // namespace freeact
