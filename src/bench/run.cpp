#include "bench/run.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <regex>

#include "bench/rows.h"
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

}  // namespace

std::vector<ChosenGroup> choose_benchmarks(const BenchSettings& settings) {
  const std::regex filter = compile(settings.filter);
  std::vector<ChosenGroup> chosen;
  for (const BenchmarkGroup& group : benchmark_groups(settings)) {
    const auto matches = [&](const std::string& rival) { return std::regex_search(group.name + "/" + rival, filter); };
    if (std::none_of(group.rivals.begin(), group.rivals.end(), matches)) continue;
    std::vector<std::string> rivals;
    for (const std::string& rival : group.rivals)
      if (rivals.empty() || group.whole || matches(rival)) rivals.push_back(rival);
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
  if (contest.check_exact) {
    progress(chosen.group.name + ": checking that the integers are exact");
    contest.check_exact();
  }
  std::vector<Evidence> evidence;
  std::vector<Rival> rivals;
  for (const Contender& contender : contest.contenders) {
    progress(fmt::format("{}/{}: scoring", chosen.group.name, contender.name));
    evidence.push_back(contender.examine());
    rivals.push_back({contender.name, contender.run, contender.prepare});
  }
  progress(fmt::format("{}: timing {} rivals in turn", chosen.group.name, rivals.size()));
  const auto measured =
      measure(rivals, settings.measure, settings.cpu_clock ? thread_cpu_seconds : wall_seconds, contest.probe);
  return {chosen.group.name, contest.note, make_rows(chosen.group.name, contest, evidence, measured, settings)};
}

}  // namespace freeact
