#include "baselines/flatquant/flatquant.h"

#include <ATen/ATen.h>

namespace freeact {

MethodEntry flatquant_entry() {
  return method_entry<FlatQuant, FlatQuantConfig>("flatquant", "FlatQuant",
                                                  "learned Kronecker transforms, scales and clips");
}

}  // namespace freeact
