// What becomes of the cells of a sweep: finished ones go into the database, failed ones into the list at its end.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run/sweep.h"
#include "store/store.h"
#include "util/fault.h"
#include "util/progress.h"

namespace freeact {

// Thread safe.
class Recorder {
 public:
  explicit Recorder(const RunRequest& request) : request_(request) {}

  // found: cells that were finished before.
  void begin(Store& store, const std::vector<Job>& open, size_t found);

  // Shown beside the progress.
  void note(std::string_view text);
  // A line of its own.
  void say(std::string_view line);

  // Throws what the store throws: no further cell could be recorded either.
  void finished(const Job& job, const RunRecord& record);
  void failed(const Job& job, const Fault& fault);

  // Tells what was done and lists the failures.
  void end();
  // After failures: throws an Error with the gravest one's code.
  void check() const;

  // Tells what remains, and keeps whoever would still record from doing so: the program is about to exit.
  void interrupted(int signal);
  // What a sweep that is interrupted leaves behind.
  void leave_word(std::string text);

 private:
  struct Failure {
    std::string label;
    Fault fault;
  };
  Error failure() const;

  const RunRequest& request_;
  Store* store_ = nullptr;
  size_t open_ = 0, found_ = 0, finished_ = 0, label_width_ = 0;
  std::vector<Failure> failures_;
  std::string word_ = "the same command goes on";
  std::optional<Progress> progress_;
  Stopwatch watch_;
  std::mutex mutex_;
};

}  // namespace freeact
