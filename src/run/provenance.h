// What a result row says about how it came about.
#pragma once

#include <filesystem>
#include <string>

namespace freeact {

// "0.1.0 (3f2c1ab, modified)": the release, and the commit where the sources are a git checkout.
std::string source_version(const std::filesystem::path& root);
// "AMD EPYC, 2 cores, 1 thread per run, Debian GNU/Linux 12 (bookworm)"
std::string machine_line(int threads_per_run);
// UTC, ISO 8601.
std::string utc_now();

}  // namespace freeact
