// One database into another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "store/store.h"
#include "util/error.h"

namespace freeact {

struct MergeCount {
  int64_t added = 0, present = 0;
};

struct MergeOutcome {
  MergeCount runs, streams, trainings, latencies;
  std::vector<std::string> conflicts;  // keys of runs and streams whose results differ: the older ones were kept
};

// The database that was to be read is at fault, not the one that is written.
class SourceError : public Error {
 public:
  using Error::Error;
};

// Adds what the other database lacks, with all that belongs to it: runs and streams by their keys, each in one
// transaction; points of training curves by their steps; latencies by all they hold. Repeating it changes nothing.
// Throws SourceError where the source cannot be read (missing, none of ours, of a newer version, damaged); what was
// added before stays.
MergeOutcome merge_store(const std::filesystem::path& path, Store& into);

}  // namespace freeact
