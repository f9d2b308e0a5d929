// Runs experiments: plans every cell, skips what is in the store, has a launcher run the rest and records each cell as
// it ends.
#pragma once

#include "method/method.h"
#include "run/project.h"
#include "run/sweep.h"

namespace freeact {

// Throws on the first fault of the plan or the database. A cell that fails later does not stop the others: they are
// recorded, and at the end the failures are listed and an Error with the gravest one's code is thrown. On SIGTERM or
// SIGINT the program ends promptly, see run/interruption.h: what was finished is recorded, and the same call goes on.
void run_experiment(const RunRequest& request, const Project& project, const MethodTable& methods);

}  // namespace freeact
