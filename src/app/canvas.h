// A sequence shown while it is unmasked: on a terminal one picture that changes in place, elsewhere a line per step.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace freeact {

class Canvas {
 public:
  // Shows what lies right of the prompt. tokenizer and out must outlive the canvas.
  Canvas(const Tokenizer& tokenizer, int64_t mask_id, size_t prompt_length, bool terminal, std::ostream& out)
      : tokenizer_(tokenizer), mask_id_(mask_id), prompt_length_(prompt_length), terminal_(terminal), out_(out) {}

  // The sequence after a step. Tokens written since the last one are set off, masks are shaded cells.
  void show(const std::vector<int64_t>& ids);

 private:
  std::string picture(const std::vector<int64_t>& ids) const;
  void erase_last() const;

  const Tokenizer& tokenizer_;
  const int64_t mask_id_;
  const size_t prompt_length_;
  const bool terminal_;
  std::ostream& out_;
  std::vector<int64_t> last_;
  int steps_ = 0;
  size_t rows_ = 0;  // of the terminal that the last picture took
};

}  // namespace freeact
