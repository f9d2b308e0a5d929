#include "store/merge.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace freeact {
namespace {

template <typename Read>
auto from_source(Read&& read) {
  try {
    return read();
  } catch (const Error& error) {
    throw SourceError(error.code(), error.what());
  }
}

// The digest of what results_digest() counts, less the version that a run was made with.
std::string results_of(RunRecord run) {
  run.source_version.clear();
  Store alone = Store::open_for_writing(":memory:");
  alone.add(run);
  return alone.results_digest();
}

void merge_runs(const Store& source, Store& into, MergeOutcome& outcome) {
  for (const auto& summary : from_source([&] { return source.runs(); })) {
    const RunRecord run = from_source([&] { return source.load(summary.id); });
    if (const auto there = into.find(run.key)) {
      ++outcome.runs.present;
      if (results_of(into.load(*there)) != results_of(run)) outcome.conflicts.push_back(run.key);
    } else {
      into.add(run);
      ++outcome.runs.added;
    }
  }
}

bool is_same_number(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

bool is_same_point(StreamPoint a, StreamPoint b) {
  const bool same = is_same_number(a.relative_error, b.relative_error) && is_same_number(a.drift, b.drift);
  for (StreamPoint* point : {&a, &b}) point->relative_error = point->drift = 0;
  return same && a == b;
}

void merge_streams(const Store& source, Store& into, MergeOutcome& outcome) {
  const std::vector<StreamRecord> there = into.streams();
  for (const auto& stream : from_source([&] { return source.streams(); })) {
    const auto old = std::ranges::find(there, stream.key, &StreamRecord::key);
    if (old == there.end()) {
      into.add_stream(stream);
      ++outcome.streams.added;
      continue;
    }
    ++outcome.streams.present;
    if (!std::ranges::equal(old->points, stream.points, is_same_point)) outcome.conflicts.push_back(stream.key);
  }
}

// The points at steps that the older curve lacks; the rest of it stays as it is.
TrainingCurve news_of(TrainingCurve curve, const TrainingCurve& old) {
  std::erase_if(curve.points, [&](const TrainingPoint& point) {
    return std::ranges::find(old.points, point.step, &TrainingPoint::step) != old.points.end();
  });
  curve.steps = old.steps;
  if (!old.machine.empty()) curve.machine.clear();
  if (!old.source_version.empty()) curve.source_version.clear();
  return curve;
}

void merge_trainings(const Store& source, Store& into, MergeOutcome& outcome) {
  const std::vector<TrainingCurve> there = into.trainings();
  for (const auto& curve : from_source([&] { return source.trainings(); })) {
    const auto old = std::ranges::find_if(
        there, [&](const auto& other) { return other.recipe_hash == curve.recipe_hash && other.name == curve.name; });
    const TrainingCurve news = old == there.end() ? curve : news_of(curve, *old);
    const bool is_new = old == there.end() || !news.points.empty();
    if (is_new) into.add_training(news);
    ++(is_new ? outcome.trainings.added : outcome.trainings.present);
  }
}

void merge_latencies(const Store& source, Store& into, MergeOutcome& outcome) {
  std::multiset<std::string> there;
  for (const auto& row : into.latencies()) there.insert(row.json().dump());
  std::vector<LatencyRow> rows = from_source([&] { return source.latencies(); });
  const int64_t all = std::ssize(rows);
  std::erase_if(rows, [&](const LatencyRow& row) {
    const auto old = there.find(row.json().dump());
    const bool is_there = old != there.end();
    if (is_there) there.erase(old);
    return is_there;
  });
  if (!rows.empty()) into.add_latencies(rows);
  outcome.latencies = {std::ssize(rows), all - std::ssize(rows)};
}

}  // namespace

MergeOutcome merge_store(const std::filesystem::path& path, Store& into) {
  const Store source = from_source([&] { return Store::open_for_reading(path); });
  MergeOutcome outcome;
  merge_runs(source, into, outcome);
  merge_streams(source, into, outcome);
  merge_trainings(source, into, outcome);
  merge_latencies(source, into, outcome);
  return outcome;
}

}  // namespace freeact
