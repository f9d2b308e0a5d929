// A run's resolved configuration, line by line. It is what our own writer of YAML makes: a key a line, no comments,
// texts with line breaks in quotes.
#pragma once

#include <string>
#include <vector>

namespace freeact {

struct ConfigLine {
  std::string text;   // as it stands there
  std::string path;   // keys from the outermost one: "method.w_clip", "tasks.name" for every task; "" without a key
  std::string value;  // what stands behind the key's colon
};

std::vector<ConfigLine> config_lines(const std::string& resolved_config);

}  // namespace freeact
