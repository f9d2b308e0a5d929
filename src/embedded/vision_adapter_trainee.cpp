// Letters: B pictures, T tokens, N vision tokens, M answer tokens, Q questions, D width.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "checkpoint/folder.h"
#include "embedded/adapter.h"
#include "embedded/lora.h"
#include "embedded/start_file.h"
#include "embedded/trainable_tower.h"
#include "embedded/vision_form.h"
#include "embedded/vision_rows.h"
#include "embedded/vision_trainee.h"
#include "model/family.h"
#include "util/cache.h"

namespace freeact {
namespace {

at::ScalarType dtype_of(const VisionRecipe& recipe) {
  return recipe.precision == "float32" ? at::kFloat : at::kBFloat16;
}

// Frozen, and without the causal mask: rows_context() has one.
Decoder frozen_decoder(const CheckpointFolder& base, const nlohmann::json& config, int64_t context_id,
                       at::ScalarType dtype) {
  Decoder decoder;
  decoder.config = read_decoder_config(internvl_llama_family(), config);
  decoder.config.causal = false;
  decoder.config.feature_id = context_id;
  visit_tensors(decoder, llama_family().modules,
                [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& tensor) {
                  tensor = language_tensor(base, name, shape).to(dtype);
                });
  if (decoder.config.tied_head) decoder.head.weight = decoder.embedding;
  return decoder;
}

class VisionAdapterTrainee : public Trainee {
 public:
  explicit VisionAdapterTrainee(const VisionRecipe& recipe)
      : recipe_(recipe),
        base_(cache_folder() / recipe.base),
        tokenizer_(Tokenizer::load(base_.path())),
        first_id_(tokenizer_.size()),
        config_(vision_config_json(base_.config(), first_id_, recipe.tower)),
        pictures_(recipe),
        tower_(config_, recipe.seed, dtype_of(recipe)),
        decoder_(frozen_decoder(base_, config_, first_id_ + 2, dtype_of(recipe))),
        layout_(tokenizer_, first_id_, tower_.tokens_per_picture()),
        factors_(attach_lora(decoder_, {recipe.rank, recipe.scale, recipe.seed})) {
    const at::Tensor mean = decoder_.embedding.narrow(0, 0, first_id_).to(at::kFloat).mean(0);
    for (const char* name : {kOpenEmbedding, kCloseEmbedding}) parameters_[name] = mean.clone().set_requires_grad(true);
    parameters_.insert(factors_.begin(), factors_.end());
    parameters_.insert(tower_.parameters().begin(), tower_.parameters().end());
    if (!recipe.start.empty()) start();
  }

  const TensorMap& parameters() const override { return parameters_; }
  StepLosses add_gradients(int64_t step) override;
  Json evaluate() override;
  TensorMap tensors() const override;

 private:
  void start();
  // Logits [M, V].
  at::Tensor answer(const VisionRows& rows, const std::vector<AskedPicture>& pictures);
  at::Tensor embed(const VisionRows& rows, const at::Tensor& features_ND) const;
  double exact_match(size_t source);

  const VisionRecipe recipe_;
  const CheckpointFolder base_;
  const Tokenizer tokenizer_;
  const int64_t first_id_;
  const nlohmann::json config_;
  const StepPictures pictures_;
  TrainableTower tower_;
  Decoder decoder_;
  const RowLayout layout_;
  TensorMap factors_, parameters_;
};

// From a tower, or from an adapter of the same sizes.
void VisionAdapterTrainee::start() {
  const SafetensorsFile file = open_start_file(recipe_.folder / recipe_.start, recipe_.start_sha256);
  tower_.start_from(file);
  if (!file.tensors().contains(kOpenEmbedding)) return;
  for (const char* name : {kOpenEmbedding, kCloseEmbedding}) start_parameter(file, name, parameters_.at(name));
  for_each_factor(decoder_, factors_, [&](const std::string& module, const at::Tensor& a, const at::Tensor& b) {
    start_parameter(file, module + kLoraA, a);
    start_parameter(file, module + kLoraB, b);
  });
}

at::Tensor VisionAdapterTrainee::embed(const VisionRows& rows, const at::Tensor& features_ND) const {
  at::Tensor hidden_BTD = decoder_.embed({rows.ids_BT, features_ND});
  for (const auto& [id, name] : {std::pair(first_id_, kOpenEmbedding), std::pair(first_id_ + 1, kCloseEmbedding)})
    hidden_BTD =
        at::where((rows.ids_BT == id).unsqueeze(-1), parameters_.at(name).to(hidden_BTD.scalar_type()), hidden_BTD);
  return hidden_BTD;
}

at::Tensor VisionAdapterTrainee::answer(const VisionRows& rows, const std::vector<AskedPicture>& pictures) {
  const ForwardContext context = rows_context(decoder_, rows);
  at::Tensor hidden_BTD = embed(rows, tower_.features(tower_.prepare(pictures)));
  for (const Block& block : decoder_.blocks) hidden_BTD = block.forward(hidden_BTD, context, decoder_.config);
  const at::Tensor predicting = hidden_BTD.flatten(0, 1).index_select(0, rows.predicting_M);
  return decoder_.output(predicting, context).to(at::kFloat);
}

// For each source the mean over its questions of the mean over their answer's tokens.
StepLosses VisionAdapterTrainee::add_gradients(int64_t step) {
  Random random(recipe_.seed, fmt::format("pictures {}", step));
  std::vector<AskedPicture> pictures;
  std::vector<std::vector<PictureQuestion>> questions;
  std::vector<int64_t> source_of;  // each picture
  for (size_t i = 0; i < pictures_.size(); ++i)
    for (AskedPicture& picture : pictures_.draw(i, random)) {
      random.shuffle(picture.questions);
      if (std::ssize(picture.questions) > recipe_.questions)
        picture.questions.resize(static_cast<size_t>(recipe_.questions));
      questions.push_back(picture.questions);
      pictures.push_back(std::move(picture));
      source_of.push_back(static_cast<int64_t>(i));
    }
  const VisionRows rows = layout_.rows(questions);
  const at::Tensor losses_M = at::cross_entropy_loss(answer(rows, pictures), rows.targets_M, {}, at::Reduction::None);
  const at::Tensor lengths_Q = rows.questions_M.bincount().to(at::kFloat);
  const at::Tensor pictures_Q = at::tensor(rows.picture_of, at::kLong);
  const at::Tensor sources_Q = at::tensor(source_of, at::kLong).index_select(0, pictures_Q);
  const at::Tensor questions_S = sources_Q.bincount({}, std::ssize(source_of)).to(at::kFloat);
  const at::Tensor sources_M = sources_Q.index_select(0, rows.questions_M);
  const at::Tensor weights_M =
      1 / (lengths_Q.index_select(0, rows.questions_M) * questions_S.index_select(0, sources_M));
  std::vector<std::pair<std::string, at::Tensor>> parts;
  for (size_t i = 0; i < pictures_.size(); ++i)
    parts.emplace_back(pictures_.name(i), (losses_M * weights_M * (sources_M == static_cast<int64_t>(i))).sum());
  return add_gradients_of(parts, rows.tokens);
}

// Share in % of the questions about held-out pictures each of whose answer's tokens is the likeliest one behind the
// right ones before it, which is when greedy decoding gives the answer.
double VisionAdapterTrainee::exact_match(size_t source) {
  constexpr int64_t kPicturesAtOnce = 8;
  const auto held_out = pictures_.held_out(source, recipe_.evaluated_images);
  int64_t right = 0, all = 0;
  for (size_t begin = 0; begin < held_out.size(); begin += kPicturesAtOnce) {
    const auto first = held_out.begin() + static_cast<int64_t>(begin);
    const std::vector<AskedPicture> some(first, first + std::min(kPicturesAtOnce, held_out.end() - first));
    std::vector<std::vector<PictureQuestion>> questions;
    for (const AskedPicture& picture : some) questions.push_back(picture.questions);
    const VisionRows rows = layout_.rows(questions);
    const at::Tensor wrong_M = (answer(rows, some).argmax(-1) != rows.targets_M).to(at::kLong);
    const int64_t count = std::ssize(rows.picture_of);
    right += (at::zeros({count}, at::kLong).index_add(0, rows.questions_M, wrong_M) == 0).sum().item<int64_t>();
    all += count;
  }
  return 100.0 * static_cast<double>(right) / static_cast<double>(std::max<int64_t>(all, 1));
}

Json VisionAdapterTrainee::evaluate() {
  const at::NoGradGuard no_grad;
  Json row;
  for (size_t i = 0; i < pictures_.size(); ++i)
    row["exact_match"][pictures_.name(i)] = std::round(exact_match(i) * 100) / 100;
  return row;
}

TensorMap VisionAdapterTrainee::tensors() const {
  const at::NoGradGuard no_grad;
  TensorMap tensors = tower_.tensors();
  for_each_factor(decoder_, factors_, [&](const std::string& module, const at::Tensor& a, const at::Tensor& b) {
    tensors[module + kLoraA] = a.to(at::kBFloat16);
    tensors[module + kLoraB] = b.to(at::kBFloat16);
  });
  for (const char* name : {kOpenEmbedding, kCloseEmbedding})
    tensors[name] = parameters_.at(name).detach().to(at::kBFloat16);
  return tensors;
}

}  // namespace

std::unique_ptr<Trainee> vision_adapter_trainee(const VisionRecipe& recipe) {
  return std::make_unique<VisionAdapterTrainee>(recipe);
}

}  // namespace freeact
