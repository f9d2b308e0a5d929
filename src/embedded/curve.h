// The curve of a training: a row of JSON at every saved state.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "util/fields.h"

namespace freeact {

inline constexpr const char* kCurveFile = "curve.jsonl";

// Whose curve it is.
struct CurveOwner {
  std::string name, recipe_hash;
  int64_t steps = 0;  // planned
  int threads = 1;
  bool trained_now = true;  // false: the rows of a training that was finished before, maybe elsewhere
};

// Called with every row as it comes, and with the earlier ones when a training goes on: rows may come again, the last
// one of a step counts. {"step", "seconds", "tokens", "loss": {part: nats}}; after an evaluation more objects.
using CurveListener = std::function<void(const CurveOwner& owner, const Json& row)>;

// The curve as a file of one row a line, written anew and atomically with each row.
class CurveFile {
 public:
  // on_row may be null.
  CurveFile(std::filesystem::path file, CurveOwner owner, CurveListener on_row);

  // Takes over the rows that are in the file, if there is one, up to this step.
  void go_on(int64_t steps_done);
  void add(const Json& row);
  // null when there is none yet.
  const Json& last_row() const { return last_row_; }

 private:
  void take(const Json& row);

  const std::filesystem::path file_;
  const CurveOwner owner_;
  const CurveListener on_row_;
  std::string text_;
  Json last_row_;
};

}  // namespace freeact
