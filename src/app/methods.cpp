#include "app/methods.h"

#include <ATen/ATen.h>

#include "baselines/flatquant/flatquant.h"
#include "baselines/quarot/quarot.h"
#include "baselines/rtn/rtn.h"
#include "baselines/smoothquant/smoothquant.h"
#include "method/freeact/freeact.h"

namespace freeact {

MethodTable method_table() {
  return {
      rtn_entry(), smoothquant_entry(), quarot_entry(), flatquant_entry(), freeact_entry(),
  };
}

}  // namespace freeact
