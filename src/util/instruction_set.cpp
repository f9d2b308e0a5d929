#include "util/instruction_set.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>

#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

constexpr const char* kVariable = "FREEACT_INSTRUCTION_SET";
constexpr InstructionSet kAll[] = {InstructionSet::kPortable, InstructionSet::kAvx2, InstructionSet::kAvx512Vnni};

// What a ForcedInstructionSet asks for; the one thing about a processor that a test can change.
constexpr int kNotForced = -1;
std::atomic<int> forced = kNotForced;

bool is_available(InstructionSet set) {
#if defined(__x86_64__)
  // These also ask whether the system saves the registers.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512vnni");
#else
  const bool avx2 = false, avx512 = false;
#endif
  if (set == InstructionSet::kAvx512Vnni) return avx512;
  return set == InstructionSet::kPortable || avx2;
}

std::vector<std::string> names(const std::vector<InstructionSet>& sets) {
  std::vector<std::string> result;
  for (const InstructionSet set : sets) result.emplace_back(name(set));
  return result;
}

InstructionSet from_environment() {
  const char* wish = std::getenv(kVariable);
  return wished_instruction_set(wish == nullptr ? std::nullopt : std::optional<std::string_view>(wish));
}

}  // namespace

const char* name(InstructionSet set) {
  constexpr const char* kNames[] = {"portable", "avx2", "avx512vnni"};
  return kNames[static_cast<int>(set)];
}

std::vector<InstructionSet> available_instruction_sets() {
  std::vector<InstructionSet> result;
  std::copy_if(std::begin(kAll), std::end(kAll), std::back_inserter(result), is_available);
  return result;
}

InstructionSet wished_instruction_set(std::optional<std::string_view> wish) {
  const std::vector<InstructionSet> available = available_instruction_sets();
  if (!wish || wish->empty()) return available.back();
  const auto* const set = std::find_if(std::begin(kAll), std::end(kAll), [&](auto s) { return name(s) == *wish; });
  if (set == std::end(kAll))
    throw UserError(unknown_name("instruction set", *wish, names({std::begin(kAll), std::end(kAll)}),
                                 std::string(kVariable) + ": "));
  if (!is_available(*set))
    throw UserError("{}: this processor has no {}; choose among {}, or unset it", kVariable, *wish,
                    fmt::join(names(available), ", "));
  return *set;
}

InstructionSet instruction_set() {
  const int set = forced.load(std::memory_order_relaxed);
  if (set != kNotForced) return static_cast<InstructionSet>(set);
  static const InstructionSet chosen = from_environment();
  return chosen;
}

ForcedInstructionSet::ForcedInstructionSet(InstructionSet set) {
  FREEACT_CHECK(is_available(set), "this processor has no {}", name(set));
  before_ = forced.exchange(static_cast<int>(set));
}

ForcedInstructionSet::~ForcedInstructionSet() {
  forced = before_;
}

}  // namespace freeact
