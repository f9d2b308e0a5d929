#include "bench/run.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <regex>

#include "latency/machine.h"
#include "latency/summary.h"
#include "util/error.h"

namespace freeact {
namespace {

std::regex compile(const std::string& filter) {
  try {
    return std::regex(filter);
  } catch (const std::regex_error& error) {
    throw UserError("--filter '{}' is no regular expression: {}", filter, error.what());
  }
}

void check(const BenchSettings& s) {
  if (s.threads < 1) throw UserError("--threads must be at least 1, but is {}", s.threads);
  if (s.timed_items < 1 || s.num_items < 0 || s.block_length < 0)
    throw UserError("--timed-items must be at least 1, --items and --block-length zero or more");
  if (s.cpu_clock && s.threads > 1)
    throw UserError("--clock cpu sees one thread only: use --clock wall with {} threads", s.threads);
}

std::vector<double> per_unit(std::vector<double> seconds, int64_t units) {
  for (double& time : seconds) time /= static_cast<double>(units);
  return seconds;
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
  row.backend = contest.backend;
  row.unit = contest.unit;
  row.clock = settings.cpu_clock ? "thread CPU" : "wall";
  row.accuracy_kind = contest.accuracy_kind;
  row.seed = settings.seed;
  row.machine = machine_line(machine, settings.threads);
  row.threads = settings.threads;
  row.flags = machine.instruction_sets;
  row.cpu_clock = machine.clock;
  return row;
}

std::vector<LatencyRow> make_rows(const std::string& group, const Contest& contest,
                                  const std::vector<Evidence>& evidence, const std::vector<Measurement>& measured,
                                  const BenchSettings& settings) {
  const LatencyRow shared = shared_row(contest, settings);
  const std::vector<double> baseline = per_unit(measured.front().seconds, contest.units_per_run);
  std::vector<LatencyRow> rows;
  for (size_t i = 0; i < measured.size(); ++i) {
    const std::vector<double> times = per_unit(measured[i].seconds, contest.units_per_run);
    const TimeSummary summary = summarise(times);
    const SpeedUp faster = speed_up(baseline, times, settings.seed);
    LatencyRow row = shared;
    row.name = group + "/" + measured[i].name;
    row.baseline = group + "/" + measured.front().name;
    row.median_s = summary.median;
    row.p10_s = summary.p10;
    row.p90_s = summary.p90;
    row.count = summary.count;
    row.ratio = faster.ratio;
    row.ratio_low = faster.low;
    row.ratio_high = faster.high;
    row.accuracy = evidence[i].accuracy;
    row.statistics = complete_statistics(evidence[i].statistics, contest, measured[i], summary.median);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::vector<ChosenGroup> choose_benchmarks(const BenchSettings& settings) {
  const std::regex filter = compile(settings.filter);
  std::vector<ChosenGroup> chosen;
  for (const BenchmarkGroup& group : benchmark_groups(settings)) {
    const auto matches = [&](const std::string& rival) { return std::regex_search(group.name + "/" + rival, filter); };
    if (std::none_of(group.rivals.begin(), group.rivals.end(), matches)) continue;
    std::vector<std::string> rivals;
    for (const std::string& rival : group.rivals)
      if (rivals.empty() || matches(rival)) rivals.push_back(rival);
    chosen.push_back({group, rivals});
  }
  if (chosen.empty())
    throw UserError("no benchmark's name matches '{}': freeact bench --list shows what there is", settings.filter);
  return chosen;
}

BenchReport run_group(const ChosenGroup& chosen, const BenchSettings& settings,
                      const std::function<void(const std::string& line)>& progress) {
  check(settings);
  at::set_num_threads(settings.threads);
  const Contest contest = chosen.group.prepare(settings, chosen.rivals);
  std::vector<Evidence> evidence;
  std::vector<Rival> rivals;
  for (const Contender& contender : contest.contenders) {
    progress(fmt::format("{}/{}: scoring", chosen.group.name, contender.name));
    evidence.push_back(contender.examine());
    rivals.push_back({contender.name, contender.run});
  }
  progress(fmt::format("{}: timing {} rivals in turn", chosen.group.name, rivals.size()));
  const auto measured = measure(rivals, settings.measure, settings.cpu_clock ? thread_cpu_seconds : wall_seconds);
  return {chosen.group.name, contest.note, make_rows(chosen.group.name, contest, evidence, measured, settings)};
}

}  // namespace freeact
