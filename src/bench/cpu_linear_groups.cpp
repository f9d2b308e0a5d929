#include "bench/cpu_ceilings.h"
#include "bench/cpu_groups.h"
#include "bench/cpu_linear_contest.h"
#include "bench/cpu_linears.h"

namespace freeact {
namespace {

constexpr const char* kFloat32 = "float32";

const std::vector<std::string> kInt8 = {"int_mm", "int8_dynamic_fbgemm", "int8_dynamic_onednn", "int8_static_onednn"};
const std::vector<std::string> kBfloat16 = {"bfloat16", "bfloat16_onednn"};

std::vector<std::string> with(std::vector<std::string> names, const std::string& name) {
  names.push_back(name);
  return names;
}

struct LinearGoal {
  std::string goal;  // "C1"
  int64_t tokens;
  std::vector<Opponent> opponents;
};

const std::vector<LinearGoal>& linear_goals() {
  static const std::vector<LinearGoal> goals = {
      {"C1",
       512,
       {{"float32", {kFloat32}, 3.5, 5}, {"best bfloat16", kBfloat16, 1.5, 2}, {"best int8", kInt8, 0.75, 1}}},
      {"C2",
       32,
       {{"float32", {kFloat32}, 5, 8}, {"best bfloat16", kBfloat16, 1.8, 2.8}, {"best int8", kInt8, 0.9, 1.3}}},
      {"C3",
       1,
       {{"float32", {kFloat32}, 5, 10},
        {"best of int8 and 4-bit weights", with(kInt8, "int4_weight_only"), 1.3, 2.2},
        {"best bfloat16", kBfloat16}}},
  };
  return goals;
}

std::vector<std::string> with_ceilings(std::vector<std::string> rivals) {
  if (has_int8_peak()) rivals.emplace_back(kVnniPeak);
  rivals.emplace_back(kMemoryRead);
  return rivals;
}

// The same opponents without targets, which are for weights from memory.
std::vector<Opponent> without_targets(const std::vector<Opponent>& opponents) {
  std::vector<Opponent> plain;
  for (const Opponent& opponent : opponents) plain.push_back({opponent.name, opponent.members});
  return plain;
}

BenchmarkGroup linear_group(const LinearGoal& goal, bool hot) {
  const ContestShape shape = {.tokens = goal.tokens, .hot = hot};
  const auto prepare = [=](const BenchSettings& settings, const std::vector<std::string>& rivals) {
    Contest contest = linear_contest(shape, settings, rivals);
    contest.goal = {goal.goal, w4a4_linear().name, hot ? without_targets(goal.opponents) : goal.opponents};
    return contest;
  };
  return {fmt::format("cpu/{}/linear_{}_m{}{}", goal.goal, shape.width, goal.tokens, hot ? "_hot" : ""),
          fmt::format("a linear {0}x{0} of {1} tokens, {2} weights", shape.width, goal.tokens, hot ? "hot" : "cold"),
          with_ceilings(linear_rivals()), prepare, /*whole=*/true};
}

BenchmarkGroup peak_group() {
  const ContestShape shape = {};
  const std::vector<std::string> rivals = {kVnniPeak, kIntegerLinear, w4a4_linear().name, "int8_static_onednn"};
  const auto prepare = [=](const BenchSettings& settings, const std::vector<std::string>& names) {
    Contest contest = linear_contest(shape, settings, names);
    contest.goal = {"C4", w4a4_linear().name, {{"integer peak of the processor", {kVnniPeak}, 0.6, 0.88}}};
    return contest;
  };
  return {"cpu/C4/vnni_fraction",
          fmt::format("share of the integer peak, a linear {0}x{0} of {1} tokens", shape.width, shape.tokens), rivals,
          prepare, /*whole=*/true};
}

}  // namespace

std::vector<BenchmarkGroup> linear_groups() {
  std::vector<BenchmarkGroup> groups;
  for (const bool hot : {false, true})
    for (const LinearGoal& goal : linear_goals()) groups.push_back(linear_group(goal, hot));
  if (has_int8_peak()) groups.push_back(peak_group());
  return groups;
}

}  // namespace freeact
