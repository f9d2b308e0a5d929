#include "app/methods.h"

#include <ATen/ATen.h>

#include "baselines/flatquant/flatquant.h"
#include "baselines/quarot/quarot.h"
#include "baselines/rtn/rtn.h"
#include "baselines/smoothquant/smoothquant.h"
#include "baselines/wush/wush.h"
#include "method/freeact/freeact.h"
#include "method/freeact/freeact_plus.h"

namespace freeact {

MethodTable method_table() {
  return {
      rtn_entry(),       smoothquant_entry(), quarot_entry(),       wush_entry(),
      flatquant_entry(), freeact_entry(),     freeact_plus_entry(),
  };
}

}  // namespace freeact
