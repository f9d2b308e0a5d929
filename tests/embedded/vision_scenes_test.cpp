#include "embedded/vision_scenes.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <set>
#include <sstream>

#include "fixtures.h"
#include "image/drawing.h"
#include "image/picture.h"
#include "util/fields.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

std::vector<Json> lines_of(const fs::path& file) {
  std::vector<Json> lines;
  std::istringstream text(read_file(file));
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

TEST(VisionScenes, TheCommittedFilesAreWhatTheSeedGives) {
  const fs::path fresh = test_folder(), committed = fs::path(FREEACT_SOURCE_DIR) / "datasets";
  write_scene_sets(fresh);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fresh)) {
    if (!entry.is_regular_file()) continue;
    const fs::path name = fs::relative(entry.path(), fresh);
    EXPECT_EQ(read_file(entry.path()), read_file(committed / name)) << name;
    ++files;
  }
  EXPECT_EQ(files, 3 * 4);
}

TEST(VisionScenes, EveryItemCanBeDrawnAndAllDiffer) {
  for (const SceneKind& kind : scene_kinds()) {
    std::set<std::string> drawings;
    for (const char* split : {"test", "calibration"})
      for (const Json& item :
           lines_of(fs::path(FREEACT_SOURCE_DIR) / "datasets" / kind.name / (std::string(split) + ".jsonl"))) {
        const auto reference = item.at("images").at(0).get<std::string>();
        EXPECT_EQ(load_picture("", reference).sizes(), (at::IntArrayRef{kSceneSide, kSceneSide, 3}));
        EXPECT_TRUE(drawings.insert(reference).second) << reference;
        EXPECT_FALSE(item.at("answer").get<std::string>().empty());
      }
    EXPECT_EQ(drawings.size(), 328U);
  }
}

TEST(VisionScenes, TrainingScenesNeverHaveTheContentOfAHeldOutOne) {
  for (const SceneKind& kind : scene_kinds()) {
    Random random(1);
    std::map<SceneUse, int> uses;
    for (int i = 0; i < 400; ++i) {
      ++uses[use_of(kind.draw(random).content)];
      EXPECT_EQ(use_of(draw_scene(kind, SceneUse::kTraining, random).content), SceneUse::kTraining);
    }
    EXPECT_GT(uses[SceneUse::kTraining], 300) << kind.name;
    EXPECT_GT(uses[SceneUse::kTest], 5) << kind.name;
    EXPECT_GT(uses[SceneUse::kCalibration], 5) << kind.name;
  }
}

// The thing asked for is drawn where the answer says: its pixels have its colour.
TEST(VisionScenes, ThingsLieWhereTheySay) {
  Random random(2);
  for (int i = 0; i < 50; ++i) {
    const Scene scene = find_scene_kind("picture_grid").draw(random);
    const at::Tensor rgb = draw_image(scene.drawing);
    ASSERT_EQ(scene.things.size(), 4U);
    for (size_t place = 0; place < 4; ++place) {
      const PictureThing& thing = scene.things[place];
      EXPECT_EQ(thing.top / 32 * 2 + thing.left / 32, static_cast<int>(place));
      const at::Tensor centre = rgb[(thing.top + thing.bottom) / 2][(thing.left + thing.right) / 2];
      EXPECT_TRUE(at::equal(centre, draw_image("1x1 " + thing.colour)[0][0])) << scene.drawing;
      EXPECT_EQ(scene.questions[2 * place].answer, thing.colour + " " + thing.kind);
    }
  }
}

TEST(VisionScenes, LettersAreSpeltAsTheyArePrinted) {
  Random random(3);
  for (int i = 0; i < 50; ++i) {
    const Scene scene = find_scene_kind("picture_letters").draw(random);
    std::string spelt = scene.content;
    spelt.insert(2, " ");
    spelt.insert(1, " ");
    EXPECT_EQ(scene.questions[0].answer, spelt);
    EXPECT_THAT(scene.drawing, testing::EndsWith(" " + scene.content));
    EXPECT_LE(scene.things.back().right, kSceneSide);
    EXPECT_LE(scene.things.back().bottom, kSceneSide);
  }
}

TEST(VisionScenes, BarsAreAsHighAsTheySay) {
  Random random(4);
  for (int i = 0; i < 50; ++i) {
    const Scene scene = find_scene_kind("picture_bars").draw(random);
    const at::Tensor rgb = draw_image(scene.drawing);
    for (size_t bar = 0; bar < scene.things.size(); ++bar) {
      const PictureThing& thing = scene.things[bar];
      const at::Tensor column = rgb.select(1, thing.left).slice(0, 0, thing.bottom);
      const at::Tensor filled = (column == draw_image("1x1 " + thing.colour)[0][0]).all(-1);
      EXPECT_EQ(filled.sum().item<int>(), 6 * std::stoi(scene.questions[bar].answer)) << scene.drawing;
    }
  }
}

}  // namespace
}  // namespace freeact
