// Whether a result database is whole.
#pragma once

#include <filesystem>

namespace freeact {

// Reads all of the file. Throws UserError, saying what to do, where it is damaged, or where rows belong to a run (a
// curve, a stream) that is not there, as deletions by other programs leave them.
void check_integrity(const std::filesystem::path& path);

}  // namespace freeact
