#include "util/random.h"

namespace freeact {

uint64_t Random::next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

uint64_t Random::below(uint64_t bound) {
  // Reject the last incomplete range, else small values would come up more often.
  const uint64_t limit = ~uint64_t{0} - ~uint64_t{0} % bound;
  uint64_t value = next();
  while (value >= limit) value = next();
  return value % bound;
}

double Random::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

uint64_t derive_seed(uint64_t run_seed, std::string_view purpose) {
  uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a over the purpose
  for (const char c : purpose) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return Random(hash ^ Random(run_seed).next()).next();
}

}  // namespace freeact
