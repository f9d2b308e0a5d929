#include "bench/rows.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "latency/machine.h"
#include "latency/summary.h"
#include "util/error.h"

namespace freeact {
namespace {

// The times of one contender by round, for one unit, and which of them count.
struct Samples {
  std::string name;
  std::vector<double> times;
  std::vector<bool> counts;
  TimeSummary summary;
};

Samples make_samples(const Measurement& measured, const std::vector<bool>& counts, double runs_per_unit) {
  Samples samples{measured.name, measured.seconds, counts, {}};
  std::vector<double> counted;
  for (size_t i = 0; i < samples.times.size(); ++i) {
    samples.times[i] *= runs_per_unit;
    if (counts[i]) counted.push_back(samples.times[i]);
  }
  samples.summary = summarise(counted);
  return samples;
}

std::vector<Samples> all_samples(const Contest& contest, const std::vector<Measurement>& measured) {
  std::vector<Samples> all;
  for (const Measurement& m : measured)
    all.push_back(
        make_samples(m, undisturbed_rounds(m), contest.runs_per_unit / static_cast<double>(contest.units_per_run)));
  return all;
}

// Over the rounds that count for both.
SpeedUp compare(const Samples& slow, const Samples& fast, uint64_t seed) {
  std::vector<double> slow_times, fast_times;
  for (size_t i = 0; i < slow.times.size(); ++i)
    if (slow.counts[i] && fast.counts[i]) {
      slow_times.push_back(slow.times[i]);
      fast_times.push_back(fast.times[i]);
    }
  if (slow_times.empty())
    throw EnvironmentError(
        "{} and {}: no round without a change of the processor's speed; try again when it is less "
        "busy",
        slow.name, fast.name);
  return speed_up(slow_times, fast_times, seed);
}

const Samples* find(const std::vector<Samples>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Samples& s) { return s.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// The one with the smallest, or largest, median of those that there are; null when there are none.
const Samples* extreme(const std::vector<Samples>& all, const std::vector<std::string>& names, bool smallest) {
  const Samples* best = nullptr;
  for (const std::string& name : names) {
    const Samples* one = find(all, name);
    if (one && (!best || (one->summary.median < best->summary.median) == smallest)) best = one;
  }
  return best;
}

const char* reached(double ratio, const Opponent& opponent) {
  if (std::isnan(opponent.floor)) return "no target";
  if (ratio >= opponent.aim) return "aim";
  return ratio >= opponent.floor ? "floor" : "below";
}

// What the champion's row says of one opponent; nothing when none of its members was there.
std::optional<Json> held_against(const Opponent& opponent, const Samples& champion, const std::vector<Samples>& all,
                                 const std::string& group, uint64_t seed) {
  const Samples* other = extreme(all, opponent.members, /*smallest=*/true);
  if (!other) return std::nullopt;
  const SpeedUp faster = compare(*other, champion, seed);
  return Json{{"opponent", opponent.name},
              {"name", group + "/" + other->name},
              {"median_s", other->summary.median},
              {"p10_s", other->summary.p10},
              {"p90_s", other->summary.p90},
              {"count", other->summary.count},
              {"ratio", faster.ratio},
              {"ratio_low", faster.low},
              {"ratio_high", faster.high},
              {"floor", opponent.floor},
              {"aim", opponent.aim},
              {"reached", reached(faster.ratio, opponent)}};
}

void add_goal(LatencyRow& row, const std::string& group, const Contest& contest, const Samples& own,
              const std::vector<Samples>& all) {
  row.goal = contest.goal.name;
  if (own.name != contest.goal.champion) return;
  for (const Opponent& opponent : contest.goal.opponents)
    if (const auto line = held_against(opponent, own, all, group, row.seed)) row.opponents.push_back(*line);
  if (const Samples* ceiling = extreme(all, contest.ceilings, /*smallest=*/false)) {
    row.ceiling = group + "/" + ceiling->name;
    row.ceiling_fraction = compare(*ceiling, own, row.seed).ratio;
  }
}

// What only the measurement tells joins what a rival counted.
Json complete_statistics(Json statistics, const Contest& contest, const Measurement& measured, double median_s) {
  if (contest.tokens_per_unit > 0) statistics["tokens_per_s"] = contest.tokens_per_unit / median_s;
  if (measured.peak_extra_bytes >= 0)
    statistics["peak_extra_mib"] = static_cast<double>(measured.peak_extra_bytes) / (1 << 20);
  return statistics;
}

LatencyRow shared_row(const Contest& contest, const BenchSettings& settings) {
  const Machine machine = describe_machine();
  LatencyRow row;
  row.model = contest.model;
  row.checkpoint_hash = contest.checkpoint_hash;
  row.unit = contest.unit;
  row.clock = settings.cpu_clock ? "thread CPU" : "wall";
  row.accuracy_kind = contest.accuracy_kind;
  row.note = contest.note;
  row.seed = settings.seed;
  row.machine = machine_line(machine, settings.threads);
  row.threads = settings.threads;
  row.flags = machine.instruction_sets;
  row.cpu_clock = machine.clock;
  return row;
}

void add_times(LatencyRow& row, const Samples& own, const Samples& baseline) {
  row.median_s = own.summary.median;
  row.p10_s = own.summary.p10;
  row.p90_s = own.summary.p90;
  row.count = own.summary.count;
  row.dropped = std::count(own.counts.begin(), own.counts.end(), false);
  const SpeedUp faster = compare(baseline, own, row.seed);
  row.ratio = faster.ratio;
  row.ratio_low = faster.low;
  row.ratio_high = faster.high;
}

}  // namespace

std::vector<LatencyRow> make_rows(const std::string& group, const Contest& contest,
                                  const std::vector<Evidence>& evidence, const std::vector<Measurement>& measured,
                                  const BenchSettings& settings) {
  const LatencyRow shared = shared_row(contest, settings);
  const std::vector<Samples> samples = all_samples(contest, measured);
  std::vector<LatencyRow> rows;
  for (size_t i = 0; i < measured.size(); ++i) {
    const Contender& contender = contest.contenders[i];
    LatencyRow row = shared;
    row.name = group + "/" + contender.name;
    row.baseline = group + "/" + samples.front().name;
    row.backend = contender.backend.empty() ? contest.backend : contender.backend;
    row.instruction_set = contender.instruction_set;
    add_times(row, samples[i], samples.front());
    add_goal(row, group, contest, samples[i], samples);
    row.accuracy = evidence[i].accuracy;
    row.statistics = complete_statistics(evidence[i].statistics, contest, measured[i], row.median_s);
    if (!measured[i].speeds.empty()) row.statistics["speed_percent"] = 100 * relative_speed(measured[i], measured);
    if (measured[i].peak_bytes >= 0) row.peak_memory_mib = static_cast<double>(measured[i].peak_bytes) / (1 << 20);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace freeact
