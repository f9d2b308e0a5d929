#include "embedded/vision_scenes.h"

#include <array>
#include <set>

#include "image/bitmap_font.h"
#include "image/drawing.h"
#include "util/error.h"
#include "util/fields.h"
#include "util/files.h"
#include "util/hash.h"
#include "util/suggest.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSetSeed = 2026, kUses = 16;
constexpr size_t kTestItems = 200, kCalibrationItems = 128;

const std::vector<std::string> kShapes = {"circle", "cross", "diamond", "square", "triangle"};
// Those of easy-VQA.
const std::vector<std::string> kColours = {"black", "blue", "brown", "gray", "green", "red", "teal", "yellow"};
constexpr std::array kPlaces = {"top left", "top right", "bottom left", "bottom right"};
constexpr int kLetters = 3, kLetterDots = 2;
constexpr int kBars = 4, kGreatestBar = 8, kBarUnit = 6, kBarWidth = 10, kGround = 56;

template <typename T>
const T& pick(const std::vector<T>& choices, Random& random) {
  return choices[random.below(choices.size())];
}

int between(int least, int most, Random& random) {
  return least + static_cast<int>(random.below(static_cast<uint64_t>(most - least + 1)));
}

std::vector<std::string> distinct_colours(size_t count, Random& random) {
  std::vector<std::string> colours = kColours;
  random.shuffle(colours);
  colours.resize(count);
  return colours;
}

// A white or a light colour.
std::string blank_paper(Random& random) {
  std::array<int, 3> c{};
  for (int& channel : c) channel = between(220, 255, random);
  return fmt::format("{0}x{0} #{1:02x}{2:02x}{3:02x}", kSceneSide, c[0], c[1], c[2]);
}

// A shape of its own colour in each quarter.
Scene draw_grid(Random& random) {
  Scene scene{.drawing = blank_paper(random), .content = "", .things = {}, .questions = {}};
  const auto colours = distinct_colours(kPlaces.size(), random);
  for (int i = 0; i < static_cast<int>(kPlaces.size()); ++i) {
    const auto place = static_cast<size_t>(i);
    const std::string& shape = pick(kShapes, random);
    const int r = between(8, 11, random);
    const int x = i % 2 * 32 + between(r, 31 - r, random), y = i / 2 * 32 + between(r, 31 - r, random);
    scene.drawing += fmt::format("; {} {} {} {} {}", shape, colours[place], x, y, r);
    scene.content += fmt::format("{} {}, ", colours[place], shape);
    scene.things.push_back({x - r, y - r, x + r + 1, y + r + 1, shape, colours[place]});
    scene.questions.push_back({fmt::format("What is at the {}?", kPlaces[place]), colours[place] + " " + shape});
    scene.questions.push_back({fmt::format("Where is the {} shape?", colours[place]), kPlaces[place]});
  }
  return scene;
}

// A word without meaning.
Scene draw_letters(Random& random) {
  Scene scene{.drawing = blank_paper(random), .content = "", .things = {}, .questions = {}};
  static const std::vector<std::string> kInks = {"black", "blue", "brown", "green", "red", "teal"};
  const std::string& ink = pick(kInks, random);
  const int width = kLetters * kGlyphAdvance * kLetterDots, height = kGlyphHeight * kLetterDots;
  const int left = between(1, kSceneSide - width, random), top = between(1, kSceneSide - height - 1, random);
  std::string word, spelt;
  for (int i = 0; i < kLetters; ++i) {
    word += static_cast<char>('A' + random.below(26));
    spelt += (i > 0 ? std::string(" ") : std::string()) + word.back();
    const int x = left + i * kGlyphAdvance * kLetterDots;
    scene.things.push_back({x, top, x + kGlyphWidth * kLetterDots, top + height, word.substr(word.size() - 1), ink});
  }
  scene.drawing += fmt::format("; text {} {} {} {} {}", ink, left, top, kLetterDots, word);
  scene.content = word;
  scene.questions = {{"Which letters are printed?", spelt}};
  return scene;
}

// Bars of 1 to 8 units on one ground line.
Scene draw_bars(Random& random) {
  Scene scene{.drawing = blank_paper(random), .content = "", .things = {}, .questions = {}};
  const auto colours = distinct_colours(kBars, random);
  const int left = between(2, 8, random);
  for (int i = 0; i < kBars; ++i) {
    const std::string& colour = colours[static_cast<size_t>(i)];
    const int value = between(1, kGreatestBar, random), x = left + 14 * i;
    scene.drawing +=
        fmt::format("; bar {} {} {} {} {}", colour, x, kGround - kBarUnit * value, kBarWidth, kBarUnit * value);
    scene.content += std::to_string(value);
    scene.things.push_back({x, 0, x + kBarWidth, kGround, std::to_string(value), colour});
    scene.questions.push_back({fmt::format("How high is the {} bar?", colour), std::to_string(value)});
  }
  scene.drawing += fmt::format("; bar black 0 {} {} 2", kGround, kSceneSide);
  return scene;
}

std::string lines_of(const SceneKind& kind, SceneUse use, size_t count, Random& random) {
  std::string lines;
  std::set<std::string> taken;
  while (taken.size() < count) {
    const Scene scene = draw_scene(kind, use, random);
    const PictureQuestion& question = pick(scene.questions, random);
    if (!taken.insert(scene.content).second) continue;
    const Json line = {
        {"input", question.input}, {"answer", question.answer}, {"images", {std::string(kDrawPrefix) + scene.drawing}}};
    lines += line.dump() + "\n";
  }
  return lines;
}

std::string manifest_of(const SceneKind& kind, const std::string& layout, const std::string& test,
                        const std::string& calibration) {
  return fmt::format(
      "name: {}\nabout: {}\nlicence: Apache-2.0\nsource: generated by src/embedded/vision_scenes.cpp with seed {}\n"
      "version: 1\nfiles:\n  - name: layout.json\n    sha256: {}\n  - name: test.jsonl\n    sha256: {}\n"
      "    count: {}\n  - name: calibration.jsonl\n    sha256: {}\n    count: {}\n",
      kind.name, kind.about, kSetSeed, sha256(layout), sha256(test), kTestItems, sha256(calibration),
      kCalibrationItems);
}

}  // namespace

SceneUse use_of(const std::string& content) {
  const uint64_t share = derive_seed(kSetSeed, content) % kUses;
  return share == 0 ? SceneUse::kTest : share == 1 ? SceneUse::kCalibration : SceneUse::kTraining;
}

const std::vector<SceneKind>& scene_kinds() {
  static const std::vector<SceneKind> kinds = {
      {"picture_grid", "four coloured shapes; what is where", draw_grid},
      {"picture_letters", "three printed letters, read aloud", draw_letters},
      {"picture_bars", "four bars of 1 to 8 units; how high is the one of a colour", draw_bars}};
  return kinds;
}

const SceneKind& find_scene_kind(const std::string& name) {
  std::vector<std::string> names;
  for (const SceneKind& kind : scene_kinds()) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  throw UserError(unknown_name("kind of drawn scene", name, names));
}

Scene draw_scene(const SceneKind& kind, SceneUse use, Random& random) {
  for (;;)
    if (Scene scene = kind.draw(random); use_of(scene.content) == use) return scene;
}

const std::vector<std::string>& thing_kinds() {
  static const std::vector<std::string> kinds = [] {
    std::vector<std::string> all = kShapes;
    all.emplace_back("rectangle");
    for (char letter = 'A'; letter <= 'Z'; ++letter) all.emplace_back(1, letter);
    for (int value = 1; value <= kGreatestBar; ++value) all.push_back(std::to_string(value));
    return all;
  }();
  return kinds;
}

const std::vector<std::string>& thing_colours() {
  return kColours;
}

void write_scene_sets(const fs::path& folder) {
  const std::string layout = Json{{"text", "{input}{answer}"}, {"blank", ""}, {"length", 0}}.dump(2) + "\n";
  for (const SceneKind& kind : scene_kinds()) {
    Random random(kSetSeed, kind.name);
    const std::string test = lines_of(kind, SceneUse::kTest, kTestItems, random);
    const std::string calibration = lines_of(kind, SceneUse::kCalibration, kCalibrationItems, random);
    const fs::path own = folder / kind.name;
    write_file_atomically(own / "layout.json", layout);
    write_file_atomically(own / "test.jsonl", test);
    write_file_atomically(own / "calibration.jsonl", calibration);
    write_file_atomically(own / "manifest.yaml", manifest_of(kind, layout, test, calibration));
  }
}

}  // namespace freeact
