// Measured groups as text for a terminal.
#pragma once

#include <string>

#include "bench/run.h"

namespace freeact {

// "8.12 ms", "640 us", "1.93 s"
std::string format_time(double seconds);

// A heading, a line of column names, a line for each rival, and what the goals and ceilings come to.
std::string report_table(const BenchReport& report);

}  // namespace freeact
