// The table of methods: the only place that names them all.
#pragma once

#include "method/method.h"

namespace freeact {

MethodTable method_table();

}  // namespace freeact
