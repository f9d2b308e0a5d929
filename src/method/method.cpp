#include "method/method.h"

#include <ATen/ATen.h>

#include "util/suggest.h"

namespace freeact {

const MethodEntry& find_method(const MethodTable& table, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& entry : table) {
    if (entry.name == name) return entry;
    known.push_back(entry.name);
  }
  throw UserError(unknown_name("method", name, known));
}

}  // namespace freeact
