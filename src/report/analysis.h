// Runs grouped into what a table shows: settings (one table each), arms (rows) and columns.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "report/statistics.h"
#include "store/store.h"

namespace freeact {

// What a run's samples of one task leave in memory, in order of index: a database may hold millions.
struct TaskSamples {
  std::string task;
  std::vector<int64_t> indices;
  std::vector<size_t> inputs;   // a hash of each input_hash
  std::vector<size_t> answers;  // a hash of each output
  std::vector<double> scores;

  size_t size() const { return indices.size(); }
};

struct Run {
  int64_t id = 0;
  RunRecord record;  // its samples are those of its gallery alone, without details
  std::vector<TaskSamples> tasks = {};

  const TaskSamples* find_task(const std::string& task) const;
};

// One method in one configuration, over seeds.
struct Arm {
  std::string method;
  std::string label;             // names the configuration too where one method has several
  std::vector<const Run*> runs;  // ascending seeds, one run each
};

// A metric of a task, or the mean of several.
struct Column {
  struct Source {
    std::string task, metric, group;
  };
  std::string heading;
  std::string unit;
  bool higher_is_better = true;
  bool has_samples = false;          // the scores of samples belong to this metric
  bool logarithmic = false;          // perplexity: one source, compared by its logarithm
  std::optional<double> guess = {};  // what a guess that does not see the pictures reaches
  std::vector<Source> sources;
};

// One model, one checkpoint, one bit width: everything in it may be compared.
struct Setting {
  std::string experiment, model, checkpoint_hash, bits;
  std::string title;                   // as short as tells it from the other settings
  std::vector<Arm> arms;               // 16-bit first, in the order of the literature
  std::vector<Column> columns;         // main metric of every task, the average accuracy, the average NLL
  std::vector<Column> groups;          // parts of tests, such as mask ratios, mean over tasks
  std::vector<Column> scores;          // every score of the tasks that have several; a task's first is its headline
  std::vector<Column> subsets;         // the headline of each subset of a benchmark ("subset=algebra")
  std::vector<const Run*> superseded;  // older runs of a configuration that was run again
};

std::vector<Run> load_runs(const Store& store, const std::string& experiment);
// From a record that has all of its samples.
Run make_run(int64_t id, RunRecord record);
// The settings point into `runs`. A run with integers whose cell was also run simulated is left to backend_table().
std::vector<Setting> make_settings(const std::vector<Run>& runs);

// Experiment, model and checkpoint.
using Origin = std::tuple<std::string, std::string, std::string>;
// Settings that differ in their bits alone stand together, in the order given.
std::map<Origin, std::vector<const Setting*>> by_origin(const std::vector<Setting>& settings);

// The plainest of a method's configurations (settings at their defaults are left out of a run's), null without one; all
// of them.
const Arm* find_arm(const Setting& setting, const std::string& method);
std::vector<const Arm*> find_arms(const Setting& setting, const std::string& method);

// Nothing when the run lacks one of the column's metrics.
std::optional<double> column_value(const Run& run, const Column& column);
std::vector<double> column_values(const Arm& arm, const Column& column);
// Of the mean over the column's tasks; nothing when a metric is missing or its error is unknown.
std::optional<double> column_standard_error(const Run& run, const Column& column);

// [task][run][item] in the column's unit; nothing when the runs lack samples, answered other items, or when the metric
// is no plain mean of its samples' scores.
std::optional<ScoreTable> column_scores(const std::vector<const Run*>& runs, const Column& column);

// Every score is 0 or all the column's unit allows: an answer is right or wrong.
bool right_or_wrong(const ScoreTable& scores, const Column& column);

// "4 of 1319 items" where a run scored fewer items than the data have, over the column's tasks; "" otherwise, and where
// the store does not know how many there are.
std::string subset_mark(const std::vector<const Run*>& runs, const Column& column);

// How far the mean over seeds could be off because the test has so few items: Wilson's intervals for right-or-wrong
// scores, else a bootstrap over items, else from standard errors. Seeds are averaged first: they answer
// the same items and count as one test.
Interval item_interval(const Arm& arm, const Column& column);

}  // namespace freeact
