#include "baselines/rtn/rtn.h"

#include <ATen/ATen.h>

namespace freeact {

MethodEntry rtn_entry() {
  return method_entry<Rtn, RtnConfig>("rtn", "RTN", "round to nearest, no transform");
}

}  // namespace freeact
