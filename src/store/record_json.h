// Runs as JSON, for scripts.
#pragma once

#include "store/record.h"
#include "util/fields.h"

namespace freeact {

// [{"task", "name", "group", "value", "standard_error", "count", "unit"}, ...]
Json metrics_json(const std::vector<Metric>& metrics);

// Everything about a run but its single items: answers and gallery.
Json record_json(const RunRecord& run);

}  // namespace freeact
