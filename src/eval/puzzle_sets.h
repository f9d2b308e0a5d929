// The committed test and calibration sets of the puzzles.
#pragma once

#include <filesystem>

#include "eval/dataset.h"
#include "eval/puzzles.h"

namespace freeact {

// Writes, for every kind, folder/DATASET/{test.jsonl, calibration.jsonl, layout.json, manifest.yaml}, and
// folder/puzzles, which reads them all together, and folder/sort_choice, the sort puzzles as multiple choice: always
// the same bytes. Calibration items are distinct from test items.
void write_puzzle_sets(const std::filesystem::path& folder);

struct PuzzleSets {
  const std::vector<PuzzleKind>& kinds;
  std::string together, about;  // name and description of the folder that reads them all
  std::string generator;        // source file, for the manifest
};
// The same for other kinds, without the multiple choice.
void write_puzzle_sets(const std::filesystem::path& folder, const PuzzleSets& sets);

// The test and the calibration set without their files.
DatasetPart test_part(const PuzzleKind& kind);
DatasetPart calibration_part(const PuzzleKind& kind);

}  // namespace freeact
