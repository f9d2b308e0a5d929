// The committed test and calibration sets of the puzzles.
#pragma once

#include <filesystem>

#include "eval/dataset.h"
#include "eval/puzzles.h"

namespace freeact {

// Writes, for every kind, folder/DATASET/{test.jsonl, calibration.jsonl, layout.json, manifest.yaml}, and
// folder/puzzles, which reads them all together: always the same bytes. Calibration items are distinct from test items.
void write_puzzle_sets(const std::filesystem::path& folder);

// The test set without its files.
DatasetPart test_part(const PuzzleKind& kind);

}  // namespace freeact
