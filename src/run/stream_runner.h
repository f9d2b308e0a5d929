// Runs streams: calibrates on the data of an experiment, then goes through windows of a stream whose data change, with
// and without adapting.
#pragma once

#include "run/runner.h"

namespace freeact {

// Every cell of the experiment, several at a time; those that the database holds are skipped. Throws UserError when the
// experiment has no stream, or its method keeps neither means nor directions; else on the first fault, and what was
// finished before stays in the store.
void run_streams(const RunRequest& request, const Project& project, const MethodTable& methods);

}  // namespace freeact
