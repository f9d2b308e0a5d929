#include "report/clipping.h"

#include <map>

#include "report/config_lines.h"

namespace freeact {

std::string clipping_policy(const RunRecord& run) {
  std::map<std::string, std::string> settings;
  for (const auto& line : config_lines(run.resolved_config)) settings[line.path] = line.value;
  const auto rule = [&](const std::string& key) {
    return settings[key] == "fixed" ? "fixed " + settings[key + "_ratio"] : settings[key];
  };
  const std::string weights = rule("method.w_clip"), activations = rule("method.a_clip");
  const std::string rounding = settings["method.w_rounding"] == "gptq" ? ", GPTQ" : "";
  return weights.empty() || activations.empty() ? "" : weights + rounding + " / " + activations;
}

}  // namespace freeact
