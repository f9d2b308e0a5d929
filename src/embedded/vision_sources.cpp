#include "embedded/vision_sources.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "image/drawing.h"
#include "image/picture.h"
#include "util/cache.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

AskedPicture asked(Scene scene) {
  return {draw_image(scene.drawing), std::move(scene.things), std::move(scene.questions)};
}

// One more question, for training only, whose answer says all there is to see: most others are answered in a word, yes
// or no, and teach less a step.
void add_caption(AskedPicture& picture) {
  std::string caption;
  for (const PictureThing& thing : picture.things) {
    if (thing.kind.empty() || thing.colour.empty()) return;
    caption += (caption.empty() ? "" : ", ") + thing.colour + " " + thing.kind;
  }
  picture.questions.push_back({"What is in the image?", caption});
}

class DrawnScenes : public PictureSource {
 public:
  explicit DrawnScenes(const SceneKind& kind) : kind_(kind) {}
  AskedPicture draw(Random& random) const override {
    AskedPicture picture = asked(draw_scene(kind_, SceneUse::kTraining, random));
    add_caption(picture);
    return picture;
  }
  std::vector<AskedPicture> held_out(int64_t count) const override {
    Random random(0, "held out " + kind_.name);
    std::vector<AskedPicture> pictures;
    for (int64_t i = 0; i < count; ++i) pictures.push_back(asked(draw_scene(kind_, SceneUse::kCalibration, random)));
    return pictures;
  }

 private:
  const SceneKind& kind_;
};

bool has_word(const std::string& text, const std::string& word) {
  std::istringstream words(text);
  for (std::string each; words >> each;)
    if (each.starts_with(word) && each.size() <= word.size() + 1) return true;  // "shape?"
  return false;
}

// What the questions tell of the one shape of a picture: it is the answer, or what is asked for is there.
std::string told(const std::vector<PictureQuestion>& questions, const std::vector<std::string>& words) {
  for (const auto& [input, answer] : questions) {
    if (std::find(words.begin(), words.end(), answer) != words.end()) return answer;
    // "is there not a circle?" "no", and "what color is the circle?" with whatever answer, say that there is one.
    const bool negated = has_word(input, "not") || has_word(input, "no");
    if (answer == (negated ? "yes" : "no")) continue;
    for (const std::string& word : words)
      if (has_word(input, word)) return word;
  }
  return "";
}

// The rectangle of all pixels that differ clearly from the corner's colour.
PictureThing find_thing(const at::Tensor& rgb_HWC) {
  constexpr int kClearly = 60;  // of 3 * 255
  const at::Tensor levels = rgb_HWC.to(at::kInt);
  const at::Tensor differs = (levels - levels[0][0]).abs().sum(-1) > kClearly;
  const auto range = [](const at::Tensor& any) {
    const at::Tensor places = any.nonzero();
    if (places.numel() == 0) return std::pair(0, 0);
    return std::pair(places.min().item<int>(), places.max().item<int>() + 1);
  };
  const auto [top, bottom] = range(differs.any(1));
  const auto [left, right] = range(differs.any(0));
  return {left, top, right, bottom, "", ""};
}

class EasyVqa : public PictureSource {
 public:
  EasyVqa() : folder_(data_folder(kEasyVqa)) {
    if (!fs::exists(folder_ / "train.jsonl"))
      throw UserError("'{}' is not there: run `freeact data import {}`", folder_.string(), kEasyVqa);
    train_ = read_pictures("train.jsonl");
    for (AskedPicture& picture : train_) add_caption(picture);
  }

  AskedPicture draw(Random& random) const override { return train_[random.below(train_.size())]; }
  std::vector<AskedPicture> held_out(int64_t count) const override {
    std::vector<AskedPicture> pictures = read_pictures("calibration.jsonl");
    pictures.resize(std::min(pictures.size(), static_cast<size_t>(count)));
    return pictures;
  }

 private:
  std::vector<AskedPicture> read_pictures(const std::string& file) const {
    std::map<std::string, std::vector<PictureQuestion>> questions;
    std::istringstream lines(read_file(folder_ / file));
    for (std::string line; std::getline(lines, line);) {
      const auto item = parse_json(line, (folder_ / file).string());
      questions[item.at("images").at(0).get<std::string>()].push_back(
          {item.at("input").get<std::string>(), item.at("answer").get<std::string>()});
    }
    std::vector<AskedPicture> pictures;
    for (auto& [image, asked] : questions) pictures.push_back(known_picture(image, std::move(asked)));
    return pictures;
  }

  AskedPicture known_picture(const std::string& image, std::vector<PictureQuestion> questions) const {
    AskedPicture picture{load_picture(folder_, image), {}, std::move(questions)};
    PictureThing thing = find_thing(picture.rgb_HWC);
    thing.kind = told(picture.questions, {"circle", "rectangle", "triangle"});
    thing.colour = told(picture.questions, thing_colours());
    picture.things.push_back(thing);
    return picture;
  }

  const fs::path folder_;
  std::vector<AskedPicture> train_;
};

}  // namespace

std::unique_ptr<PictureSource> picture_source(const std::string& name) {
  if (name == kEasyVqa) return std::make_unique<EasyVqa>();
  return std::make_unique<DrawnScenes>(find_scene_kind(name));
}

}  // namespace freeact
