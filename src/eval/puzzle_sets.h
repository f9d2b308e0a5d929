// The committed test and calibration sets of the puzzles.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "eval/puzzles.h"

namespace freeact {

// Writes, for every kind, folder/DATASET/{test.jsonl, calibration.jsonl, layout.json, manifest.yaml}: always the same
// bytes. Calibration items are distinct from test items.
void write_puzzle_sets(const std::filesystem::path& folder);

// Inputs of the kind's test set, which training must not see.
std::set<std::string> test_inputs(const PuzzleKind& kind);

}  // namespace freeact
