#include "verify/family_cases.h"

#include <map>

#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

using Checks = std::map<std::string, CaseCheck>;

const std::map<std::string, Checks>& checks_by_family() {
  static const std::map<std::string, Checks> table = {
      {"dream",
       {{"forward", check_forward}, {"generation", check_dream_generation}, {"likelihood", check_dream_likelihood}}},
      {"llada",
       {{"forward", check_forward}, {"generation", check_llada_generation}, {"likelihood", check_llada_likelihood}}},
      {"llama", {{"forward", check_forward}, {"generation", check_greedy_generation}}},
  };
  return table;
}

template <typename Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

}  // namespace

CaseCheck find_case_check(const std::string& family, const std::string& kind) {
  const auto checks = checks_by_family().find(family);
  if (checks == checks_by_family().end())
    throw UserError(unknown_name("check for the model family", family, keys_of(checks_by_family())));
  const auto check = checks->second.find(kind);
  if (check == checks->second.end())
    throw UserError(unknown_name("check for the kind of case", kind, keys_of(checks->second)));
  return check->second;
}

}  // namespace freeact
