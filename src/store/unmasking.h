// In which order a diffusion model wrote an answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace freeact {

struct UnmaskedToken {
  std::string text;
  int64_t step = -1;  // that wrote it, from 0; -1 for a token that was given and for a mask that was left

  bool operator==(const UnmaskedToken&) const = default;
};

// The answer to Sample `index` of a task, to its last place: ends of sequence are unmasked as well.
struct UnmaskedAnswer {
  std::string task;
  int64_t index = 0;
  std::vector<UnmaskedToken> tokens;

  bool operator==(const UnmaskedAnswer&) const = default;
};

}  // namespace freeact
