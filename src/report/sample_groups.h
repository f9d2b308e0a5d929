// The samples of a database as a reader looks through them: every answer to the items of one task, side by side.
#pragma once

#include <string>
#include <vector>

#include "report/analysis.h"

namespace freeact {

// A row of answers: one method in one configuration at one bit width, its runs in order of seed. Runs that the tables
// leave out (superseded, computed with integers) have rows of their own, whose labels say so.
struct AnswerRow {
  std::string bits, label;
  std::vector<size_t> runs;  // positions in SampleGroup::runs
};

// One test item. Runs with other data may have another input under the same index.
struct SampleItem {
  int64_t index = 0;
  size_t input = 0;  // TaskSamples::inputs

  auto operator<=>(const SampleItem&) const = default;
};

// A task as a checkpoint of a model answered it in an experiment. Every sample is in one group.
struct SampleGroup {
  std::string experiment, model, checkpoint_hash, task;
  bool graded = false;  // scores are shares of a right answer, not likelihoods
  std::vector<const Run*> runs;
  std::vector<AnswerRow> rows;
  std::vector<SampleItem> items;  // ascending
  size_t samples = 0;
};

// The groups point into `runs`; tasks with right and wrong answers come first.
std::vector<SampleGroup> sample_groups(const std::vector<Run>& runs, const std::vector<Setting>& settings);

}  // namespace freeact
