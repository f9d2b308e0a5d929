// What there is, by kind: what `freeact list` shows and the shell's completion offers.
#pragma once

#include <string>
#include <vector>

namespace freeact {

struct Listed {
  std::string name, text;
};

// "models", "methods", ...
std::vector<std::string> list_kinds();

// database: where the runs are. Throws UserError on an unknown kind.
std::vector<Listed> list_of(const std::string& kind, const std::string& database = "");

}  // namespace freeact
