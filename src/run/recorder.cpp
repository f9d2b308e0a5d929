#include "run/recorder.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <set>

#include "store/record_json.h"

namespace freeact {
namespace {

// The first metric of each task.
std::string headline(const RunRecord& record) {
  std::string text;
  std::set<std::string> told;
  for (const auto& metric : record.metrics)
    if (metric.group.empty() && told.insert(metric.task).second)
      text += metric.unit == "%" ? fmt::format("  {} {:.1f} %", metric.task, metric.value)
                                 : fmt::format("  {} {:.4f} {}", metric.task, metric.value, metric.unit);
  return text;
}

// What a training did to stay finite.
std::vector<std::string> warnings_of(const RunRecord& record) {
  std::vector<std::string> warnings;
  for (const auto& training : record.block_trainings)
    for (const auto& warning : training.warnings)
      warnings.push_back(fmt::format("warning: layer {}: {}", training.layer, warning));
  return warnings;
}

void print_line(const Json& line) {
  std::cout << line.dump() << std::endl;
}

}  // namespace

void Recorder::begin(Store& store, const std::vector<Job>& open, size_t found) {
  const std::lock_guard lock(mutex_);
  store_ = &store;
  open_ = open.size();
  found_ = found;
  for (const auto& job : open) label_width_ = std::max(label_width_, job.label.size());
  progress_.emplace("cells", static_cast<int64_t>(open_), request_.quiet);
}

void Recorder::note(std::string_view text) {
  progress_->advance(0, text);
}

void Recorder::say(std::string_view line) {
  progress_->say(line);
}

void Recorder::finished(const Job& job, const RunRecord& record) {
  const std::lock_guard lock(mutex_);
  const int64_t id = store_->add(record, request_.force);
  ++finished_;
  if (request_.json) {
    Json line = {{"id", id}};
    line.update(record_json(record));
    print_line(line);
  }
  for (const auto& warning : warnings_of(record)) progress_->say(job.label + ": " + warning);
  progress_->say(fmt::format("{:<{}}{}", job.label, label_width_, headline(record)));
  progress_->advance(1, job.label);
}

void Recorder::failed(const Job& job, const Fault& fault) {
  const std::lock_guard lock(mutex_);
  failures_.push_back({job.label, fault});
  if (request_.json)
    print_line({{"failed", job.label}, {"error", fault.message}, {"exit_code", static_cast<int>(fault.code)}});
  progress_->say(fmt::format("{}: failed: {}", job.label, fault.message));
  progress_->advance(1, job.label);
}

// A cell that ran alone fails as if there were no sweep around it.
Error Recorder::failure() const {
  if (open_ == 1) return {failures_.front().fault.code, failures_.front().fault.message};
  ExitCode gravest = ExitCode::kDone;
  for (const auto& failure : failures_) gravest = std::max(gravest, failure.fault.code);
  return {gravest, fmt::format("{} of {} cells failed; the same command runs them again", failures_.size(), open_)};
}

void Recorder::end() {
  const std::lock_guard lock(mutex_);
  progress_.reset();
  if (!request_.quiet)
    fmt::print(stderr, "{}: {} cells run, {} found finished, {}{} in {}\n",
               finished_ + failures_.size() == open_ ? "done" : "so far", finished_, found_,
               failures_.empty() ? "" : fmt::format("{} failed, ", failures_.size()), format_duration(watch_.seconds()),
               request_.database.string());
  if (open_ > 1)
    for (const auto& [label, fault] : failures_) fmt::print(stderr, "{}: {}\n", label, fault.message);
}

void Recorder::check() const {
  if (!failures_.empty()) throw failure();
}

void Recorder::interrupted(int signal) {
  mutex_.lock();  // for good
  const char* name = signal == SIGINT ? "SIGINT" : "SIGTERM";
  fmt::print(stderr, "{}freeact: stopped by {}; {}\n", isatty(STDERR_FILENO) != 0 ? "\r\x1b[K" : "", name,
             progress_ ? fmt::format("{} of {} cells are finished: {}", found_ + finished_, found_ + open_, word_)
                       : "nothing was begun");
}

void Recorder::leave_word(std::string text) {
  const std::lock_guard lock(mutex_);
  word_ = std::move(text);
}

}  // namespace freeact
