// Drawn scenes with questions about them: what the embedded vision-language model learns besides easy-VQA, and is
// tested on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "util/random.h"

namespace freeact {

struct PictureQuestion {
  std::string input, answer;
};

// A thing in a picture and the rectangle of pixels it takes, for dense targets.
struct PictureThing {
  int left = 0, top = 0, right = 0, bottom = 0;  // right and bottom are the first pixels behind it
  std::string kind, colour;                      // one word each, "" where it is not known
};

struct Scene {
  std::string drawing;  // as draw_image() takes it, kSceneSide pixels a side
  std::string content;  // what tells one scene from another; colours of grounds and exact places do not count
  std::vector<PictureThing> things;
  std::vector<PictureQuestion> questions;
};

inline constexpr int kSceneSide = 64;

enum class SceneUse { kTraining, kCalibration, kTest };
// Of all contents, a sixteenth each is for calibration and test, and never trained on.
SceneUse use_of(const std::string& content);

struct SceneKind {
  std::string name;   // also of its data set
  std::string about;  // one line for the manifest
  Scene (*draw)(Random& random);
};

// picture_grid, picture_letters, picture_bars.
const std::vector<SceneKind>& scene_kinds();
// Throws UserError listing the known ones.
const SceneKind& find_scene_kind(const std::string& name);

// Draws until a scene is of this use.
Scene draw_scene(const SceneKind& kind, SceneUse use, Random& random);

// All words a thing may be of: the kinds, then the colours.
const std::vector<std::string>& thing_kinds();
const std::vector<std::string>& thing_colours();

// Writes folder/NAME/{layout.json, manifest.yaml, test.jsonl, calibration.jsonl} of each kind: 200 and 128 scenes that
// all differ, with one question each.
void write_scene_sets(const std::filesystem::path& folder);

}  // namespace freeact
