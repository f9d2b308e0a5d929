#include "verify/family_cases.h"

#include <map>

#include "util/error.h"
#include "util/suggest.h"
#include "verify/image_cases.h"

namespace freeact {
namespace {

using Checks = std::map<std::string, FamilyCheck>;

const std::map<std::string, Checks>& checks_by_family() {
  static const std::map<std::string, Checks> table = {
      {"dream",
       {{"forward", check_forward}, {"generation", check_dream_generation}, {"likelihood", check_dream_likelihood}}},
      {"llada",
       {{"forward", check_forward}, {"generation", check_llada_generation}, {"likelihood", check_llada_likelihood}}},
      {"llama", {{"forward", check_forward}, {"generation", check_greedy_generation}}},
      {"qwen2_5_vl", {{"", check_qwen_prompt}}},
      {"internvl", {{"", check_internvl_prompt}}},
      {"internvl_llama", {{"", check_internvl_prompt}}},
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

const std::vector<GroupCheck>& group_checks(const std::string& family) {
  static const std::map<std::string, std::vector<GroupCheck>> table = {
      {"qwen2_5_vl",
       {{"image.", check_qwen_image},
        {"rope_index.", check_rope_index},
        {"vision_pair", check_vision_pair},
        {"smart_resize_table", check_smart_resize_table}}},
      {"internvl",
       {{"image.", check_internvl_image}, {"rope_dynamic", check_rope_dynamic}, {"tiling_table", check_tiling_table}}},
      {"internvl_llama", {{"image.", check_internvl_image}, {"tiling_table", check_tiling_table}}},
  };
  static const std::vector<GroupCheck> none;
  const auto found = table.find(family);
  return found == table.end() ? none : found->second;
}

FamilyCheck find_family_check(const std::string& family, const std::string& kind) {
  const auto checks = checks_by_family().find(family);
  if (checks == checks_by_family().end())
    throw UserError(unknown_name("check for the model family", family, keys_of(checks_by_family())));
  const auto check = checks->second.find(kind);
  if (check == checks->second.end())
    throw UserError(unknown_name("check for the kind of case", kind, keys_of(checks->second)));
  return check->second;
}

}  // namespace freeact
