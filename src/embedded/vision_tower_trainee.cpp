// Letters: B pictures, P patches of a picture, W width of a patch, N vision tokens, D width of the language model.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "checkpoint/folder.h"
#include "embedded/trainable_tower.h"
#include "embedded/vision_form.h"
#include "embedded/vision_trainee.h"
#include "ops/ops.h"
#include "tokenizer/tokenizer.h"
#include "util/cache.h"

namespace freeact {
namespace {

constexpr int64_t kUnknown = -100;  // the label that cross_entropy_loss leaves out
constexpr const char* kBlankKind = "blank";
constexpr const char* kBlankColour = "white";
constexpr std::array kVertical = {"top", "bottom"}, kHorizontal = {"left", "right"};

// One list of words that patches are told apart by: 0 is "nothing here", i > 0 the word i - 1.
struct WordHead {
  std::string name;
  std::vector<std::string> words;
  std::string PictureThing::*word_of;
  at::Tensor embeddings_KD;  // the language model's

  int64_t label(const PictureThing& thing) const {
    const auto found = std::find(words.begin(), words.end(), thing.*word_of);
    return found == words.end() ? kUnknown : found - words.begin() + 1;
  }
};

// The mean of the embeddings of a word's tokens, as it stands inside of a sentence.
at::Tensor word_embedding(const at::Tensor& embedding_VD, const Tokenizer& tokenizer, const std::string& word) {
  return embedding_VD.index_select(0, at::tensor(tokenizer.encode(" " + word), at::kLong)).mean(0);
}

double variance(const at::Tensor& table_KD) {
  return (table_KD - table_KD.mean(0)).square().mean().item<double>();
}

int overlap(int begin, int end, int other_begin, int other_end) {
  return std::max(0, std::min(end, other_end) - std::max(begin, other_begin));
}

// The thing that covers most of a square of pixels, if it covers a quarter.
const PictureThing* thing_at(const std::vector<PictureThing>& things, int left, int top, int side) {
  const PictureThing* best = nullptr;
  int most = side * side / 4 - 1;
  for (const PictureThing& thing : things) {
    const int area =
        overlap(left, left + side, thing.left, thing.right) * overlap(top, top + side, thing.top, thing.bottom);
    if (area > most) {
      best = &thing;
      most = area;
    }
  }
  return best;
}

class TowerTrainee : public Trainee {
 public:
  explicit TowerTrainee(const VisionRecipe& recipe)
      : recipe_(recipe),
        base_(cache_folder() / recipe.base),
        pictures_(recipe),
        tower_(nlohmann::json(vision_config_json(base_.config(), Tokenizer::load(base_.path()).size(), recipe.tower)),
               recipe.seed, recipe.precision == "float32" ? at::kFloat : at::kBFloat16) {
    add_heads();
    add_places();
    parameters_.insert(tower_.parameters().begin(), tower_.parameters().end());
  }

  const TensorMap& parameters() const override { return parameters_; }
  TensorMap tensors() const override { return tower_.tensors(); }
  StepLosses add_gradients(int64_t step) override;
  Json evaluate() override;

 private:
  struct Seen {
    at::Tensor patches_BPW, features_ND;
  };

  void add_heads();
  void add_places();
  Seen see(const std::vector<AskedPicture>& pictures);
  at::Tensor labels(const WordHead& head, const std::vector<AskedPicture>& pictures) const;
  at::Tensor logits(const WordHead& head, const at::Tensor& patches_BPW) const;
  at::Tensor feature_loss(const at::Tensor& features_ND, const std::vector<at::Tensor>& labels_BP) const;
  int64_t side() const { return recipe_.tower.image_size / recipe_.tower.patch_size; }

  const VisionRecipe recipe_;
  const CheckpointFolder base_;
  const StepPictures pictures_;
  TrainableTower tower_;
  std::vector<WordHead> heads_;
  at::Tensor places_ND_;  // of one picture's tokens: the words of the quarter a token lies in
  TensorMap parameters_;
};

void TowerTrainee::add_heads() {
  heads_ = {{"kind", thing_kinds(), &PictureThing::kind, {}}, {"colour", thing_colours(), &PictureThing::colour, {}}};
  const Tokenizer tokenizer = Tokenizer::load(base_.path());
  const at::Tensor embedding_VD = base_.tensor("model.embed_tokens.weight").to(at::kFloat);
  for (WordHead& head : heads_) {
    std::vector<at::Tensor> rows = {
        word_embedding(embedding_VD, tokenizer, head.name == "kind" ? kBlankKind : kBlankColour)};
    for (const std::string& word : head.words) rows.push_back(word_embedding(embedding_VD, tokenizer, word));
    head.embeddings_KD = at::stack(rows);
    const int64_t width = recipe_.tower.width;
    parameters_["head." + head.name + ".weight"] =
        (gaussian({std::ssize(rows), width}, derive_seed(recipe_.seed, "head " + head.name)) /
         std::sqrt(static_cast<double>(width)))
            .to(at::kFloat)
            .set_requires_grad(true);
    parameters_["head." + head.name + ".bias"] = at::zeros({std::ssize(rows)}).set_requires_grad(true);
  }
}

void TowerTrainee::add_places() {
  const Tokenizer tokenizer = Tokenizer::load(base_.path());
  const at::Tensor embedding_VD = base_.tensor("model.embed_tokens.weight").to(at::kFloat);
  const auto half = static_cast<size_t>(side() / 2);
  std::vector<at::Tensor> places;
  for (size_t row = 0; row < half; ++row)
    for (size_t column = 0; column < half; ++column)
      places.push_back(word_embedding(embedding_VD, tokenizer, kVertical[2 * row / half]) +
                       word_embedding(embedding_VD, tokenizer, kHorizontal[2 * column / half]));
  places_ND_ = at::stack(places);
}

TowerTrainee::Seen TowerTrainee::see(const std::vector<AskedPicture>& pictures) {
  Seen seen;
  const std::string last = fmt::format("block.{}", recipe_.tower.layers - 1);
  const Observer observer = [&](const std::string& point, const at::Tensor& value) {
    if (point == last) seen.patches_BPW = value.slice(1, 1);  // without the class token
  };
  seen.features_ND = tower_.features(tower_.prepare(pictures), &observer);
  return seen;
}

// [B, P]. A picture may have been resized: its things are measured in its own pixels.
at::Tensor TowerTrainee::labels(const WordHead& head, const std::vector<AskedPicture>& pictures) const {
  std::vector<int64_t> labels;
  for (const AskedPicture& picture : pictures) {
    const auto patch = static_cast<int>(picture.rgb_HWC.size(0) / side());
    for (int row = 0; row < side(); ++row)
      for (int column = 0; column < side(); ++column) {
        const PictureThing* thing = thing_at(picture.things, column * patch, row * patch, patch);
        labels.push_back(thing ? head.label(*thing) : 0);
      }
  }
  return at::tensor(labels, at::kLong).view({std::ssize(pictures), side() * side()});
}

at::Tensor TowerTrainee::logits(const WordHead& head, const at::Tensor& patches_BPW) const {
  return at::linear(patches_BPW.to(at::kFloat), parameters_.at("head." + head.name + ".weight"),
                    parameters_.at("head." + head.name + ".bias"));
}

// Squared distance from the mean of the patches' word embeddings and those of the token's place, as a share of what the
// words' embeddings vary by.
// Tokens with an unknown word do not count.
at::Tensor TowerTrainee::feature_loss(const at::Tensor& features_ND, const std::vector<at::Tensor>& labels_BP) const {
  const int64_t half = side() / 2;
  at::Tensor target, known;
  double spread = variance(places_ND_);
  for (size_t i = 0; i < heads_.size(); ++i) {
    const at::Tensor& table_KD = heads_[i].embeddings_KD;
    const at::Tensor rows = table_KD.index_select(0, labels_BP[i].clamp_min(0).flatten());
    const at::Tensor sure = (labels_BP[i] >= 0).flatten();
    target = i == 0 ? rows : target + rows;
    known = i == 0 ? sure : at::logical_and(known, sure);
    spread += variance(table_KD);
  }
  // [B half 2 half 2 D]: a token is a square of patches
  const at::Tensor shown_ND = target.view({-1, half, 2, half, 2, target.size(-1)}).mean(at::IntArrayRef{2, 4});
  const at::Tensor target_ND = shown_ND.flatten(1, 2) + places_ND_;
  const at::Tensor sure_N = known.view({-1, half, 2, half, 2}).to(at::kFloat).amin({2, 4}).flatten();
  const at::Tensor distance_N = (features_ND.to(at::kFloat) - target_ND.flatten(0, 1)).square().mean(-1);
  return (distance_N * sure_N).sum() / sure_N.sum().clamp_min(1) / spread;
}

StepLosses TowerTrainee::add_gradients(int64_t step) {
  Random random(recipe_.seed, fmt::format("pictures {}", step));
  std::vector<AskedPicture> pictures;
  for (size_t i = 0; i < pictures_.size(); ++i)
    for (AskedPicture& picture : pictures_.draw(i, random)) pictures.push_back(std::move(picture));
  const Seen seen = see(pictures);
  std::vector<std::pair<std::string, at::Tensor>> parts;
  std::vector<at::Tensor> labels_BP;
  for (const WordHead& head : heads_) {
    labels_BP.push_back(labels(head, pictures));
    parts.emplace_back(
        head.name, at::cross_entropy_loss(logits(head, seen.patches_BPW).flatten(0, 1), labels_BP.back().flatten(), {},
                                          at::Reduction::Mean, kUnknown));
  }
  parts.emplace_back("features", feature_loss(seen.features_ND, labels_BP));
  return add_gradients_of(parts, seen.features_ND.size(0));
}

// Share in % of the patches with a thing on them whose word is the likeliest one, and the features' loss.
Json TowerTrainee::evaluate() {
  const at::NoGradGuard no_grad;
  Json row;
  for (size_t i = 0; i < pictures_.size(); ++i) {
    const auto pictures = pictures_.held_out(i, recipe_.evaluated_images);
    const Seen seen = see(pictures);
    std::vector<at::Tensor> labels_BP;
    for (const WordHead& head : heads_) {
      labels_BP.push_back(labels(head, pictures));
      const at::Tensor there = labels_BP.back() > 0;
      const at::Tensor right = at::logical_and(logits(head, seen.patches_BPW).argmax(-1) == labels_BP.back(), there);
      const double share = 100 * right.sum().item<double>() / std::max(1.0, there.sum().item<double>());
      row["patch_" + head.name][pictures_.name(i)] = std::round(share * 100) / 100;
    }
    row["feature_error"][pictures_.name(i)] =
        std::round(feature_loss(seen.features_ND, labels_BP).item<double>() * 1e4) / 1e4;
  }
  return row;
}

}  // namespace

std::unique_ptr<Trainee> tower_trainee(const VisionRecipe& recipe) {
  return std::make_unique<TowerTrainee>(recipe);
}

}  // namespace freeact
