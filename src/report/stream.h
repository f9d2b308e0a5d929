// What adapting gained on streams whose data change, from the streams in the store.
#pragma once

#include <vector>

#include "report/document.h"
#include "store/stream.h"

namespace freeact {

// For each experiment, model, method and configuration a figure of the error over windows and a table of the error
// before and after the shift, over seeds. Empty without streams.
std::vector<ReportBlock> stream_blocks(const std::vector<StreamRecord>& streams);

// Long format with full precision: a row for every stream and point.
Table stream_rows(const std::vector<StreamRecord>& streams);

}  // namespace freeact
