// Runs cells in this process, several at a time.
#pragma once

#include <vector>

#include "run/recorder.h"
#include "run/sweep.h"

namespace freeact {

// A cell that fails is recorded as such, and the others go on; its calibration's saved progress is kept beside the
// database, that of others goes once they are through. Throws where recording fails, or no disk space is left: nothing
// could be kept.
void run_locally(const std::vector<Job>& open, int workers, CellRunner& runner, const RunRequest& request,
                 Recorder& recorder);

}  // namespace freeact
