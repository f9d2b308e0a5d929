// Whole checkpoints of many sizes, written to disk, loaded and held against the naive twin.
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "checkpoint/temporary_folder.h"
#include "model/naive_twin.h"
#include "model/random_model.h"
#include "model/sharded_checkpoint.h"

namespace freeact {
namespace {

// As for the published outputs. Measured: differences up to 1.7e-5 with logits up to 12; the lesser of the faults below
// changes logits by 0.06.
constexpr double kTolerance = 2e-4;

struct Size {
  const char* name;
  const char* family;
  int64_t heads, kv_heads, head_width, layers, mlp_width;
  int64_t rows, ids;  // rows of the embedding, ids of the tokenizer
  double theta, eps;
  bool tied;
  at::ScalarType stored;
  size_t shards;
};

std::ostream& operator<<(std::ostream& out, const Size& size) {
  return out << size.name;
}

const Size kSizes[] = {
    {"llada_equal_heads", "llada", 4, 4, 8, 2, 48, 61, 50, 500000, 1e-5, false, at::kFloat, 1},
    {"llada_pairs", "llada", 6, 3, 10, 3, 37, 96, 96, 1e6, 1e-6, false, at::kBFloat16, 2},
    {"llada_sevens", "llada", 14, 2, 4, 1, 100, 70, 33, 10000, 1e-5, false, at::kHalf, 5},
    {"llada_one_key_head", "llada", 5, 1, 12, 2, 64, 129, 128, 500000, 1e-3, true, at::kBFloat16, 5},
    {"llada_one_head", "llada", 1, 1, 26, 4, 21, 40, 31, 1e6, 1e-12, false, at::kFloat, 2},
    {"dream_equal_heads", "dream", 3, 3, 6, 3, 55, 80, 71, 1e6, 1e-6, false, at::kHalf, 2},
    {"dream_pairs", "dream", 4, 2, 16, 2, 72, 64, 64, 10000, 1e-5, true, at::kFloat, 5},
    {"dream_sevens", "dream", 28, 4, 2, 2, 90, 101, 77, 1e6, 1e-6, false, at::kBFloat16, 5},
    {"dream_one_key_head", "dream", 7, 1, 8, 1, 33, 57, 40, 500000, 1e-3, false, at::kFloat, 1},
    {"dream_deep", "dream", 2, 1, 14, 6, 40, 45, 44, 1e6, 1e-6, false, at::kBFloat16, 1},
};

nlohmann::json llada_json(const Size& s) {
  return {{"model_type", "llada"},
          {"d_model", s.heads * s.head_width},
          {"n_heads", s.heads},
          {"n_kv_heads", s.kv_heads},
          {"n_layers", s.layers},
          {"vocab_size", s.ids},
          {"embedding_size", s.rows},
          {"mlp_hidden_size", s.mlp_width},
          {"mlp_ratio", 4},
          {"rms_norm_eps", s.eps},
          {"rope_theta", s.theta},
          {"weight_tying", s.tied},
          {"mask_token_id", s.ids - 1},
          {"eos_token_id", s.ids - 2}};
}

nlohmann::json dream_json(const Size& s) {
  return {{"model_type", "Dream"},          {"hidden_size", s.heads * s.head_width},
          {"num_attention_heads", s.heads}, {"num_key_value_heads", s.kv_heads},
          {"num_hidden_layers", s.layers},  {"intermediate_size", s.mlp_width},
          {"vocab_size", s.rows},           {"rms_norm_eps", s.eps},
          {"rope_theta", s.theta},          {"tie_word_embeddings", s.tied},
          {"mask_token_id", s.ids - 1},     {"eos_token_id", s.ids - 2}};
}

nlohmann::json config_of(const Size& size) {
  return size.family == std::string("llada") ? llada_json(size) : dream_json(size);
}

// Weights that keep activations near 1, as trained ones do; norms scatter around 1.
TensorMap weights_of(const nlohmann::json& config, at::ScalarType stored) {
  const Family& family = find_family("", config);
  TensorMap tensors;
  uint64_t seed = 100;
  for (const TensorSpec& spec : expected_tensors(family.read_config(config), family.modules)) {
    const at::Tensor random = gaussian(spec.shape, ++seed);
    const bool embedding = spec.name.find("wte") != std::string::npos || spec.name.find("embed") != std::string::npos;
    const bool matrix = spec.shape.size() == 2 && !embedding;
    const bool norm = spec.name.find("norm") != std::string::npos || spec.name.find("ln_f") != std::string::npos;
    const double scale = matrix ? 1.5 / std::sqrt(static_cast<double>(spec.shape[1])) : 0.3;
    tensors[spec.name] = ((norm ? 1.0 : 0.0) + scale * random).to(stored);
  }
  return tensors;
}

twin::Weights twin_weights(const TensorMap& tensors) {
  twin::Weights weights;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor wide = tensor.to(at::kDouble).contiguous();
    const auto columns = static_cast<size_t>(wide.size(-1));
    twin::Matrix matrix(static_cast<size_t>(wide.numel()) / columns, columns);
    std::copy_n(wide.const_data_ptr<double>(), wide.numel(), matrix.values.begin());
    weights.emplace(name, std::move(matrix));
  }
  return weights;
}

struct Batch {
  at::Tensor ids_BT, mask_BT;
};

// Three rows with 0, 2 and 5 pads on one side; a third of the tokens are masks.
Batch padded_batch(const Size& size, bool left) {
  constexpr int64_t kRows = 3, kTokens = 11;
  const std::vector<int64_t> pads = {0, 2, 5};
  Batch batch = {at::full({kRows, kTokens}, size.ids - 2, at::kLong), at::zeros({kRows, kTokens}, at::kLong)};
  for (int64_t row = 0; row < kRows; ++row) {
    const int64_t length = kTokens - pads[static_cast<size_t>(row)], begin = left ? kTokens - length : 0;
    for (int64_t t = begin; t < begin + length; ++t) {
      batch.ids_BT[row][t] = t % 3 == 1 ? size.ids - 1 : (row * 17 + t * 7) % size.ids;
      batch.mask_BT[row][t] = 1;
    }
  }
  return batch;
}

std::vector<int64_t> row_of(const at::Tensor& matrix, int64_t row) {
  const at::Tensor line = matrix[row].contiguous();
  return {line.const_data_ptr<int64_t>(), line.const_data_ptr<int64_t>() + line.numel()};
}

// Largest difference at real tokens.
double difference(const Decoder& decoder, const Batch& batch, const nlohmann::json& config,
                  const twin::Weights& weights) {
  const at::Tensor ours = decoder.logits(batch.ids_BT, batch.mask_BT).to(at::kDouble).contiguous();
  double worst = 0;
  for (int64_t row = 0; row < batch.ids_BT.size(0); ++row) {
    const std::vector<int64_t> real = row_of(batch.mask_BT, row);
    const twin::Matrix theirs = twin::logits(config, weights, row_of(batch.ids_BT, row), real);
    const double* values = ours[row].const_data_ptr<double>();
    for (size_t i = 0; i < theirs.values.size(); ++i)
      if (real[i / theirs.columns]) worst = std::max(worst, std::abs(values[i] - theirs.values[i]));
  }
  return worst;
}

class Sizes : public TemporaryFolder, public testing::WithParamInterface<Size> {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    write_checkpoint(folder_, config_, tensors_, GetParam().shards);
  }

  at::NoGradGuard no_grad_;
  const nlohmann::json config_ = config_of(GetParam());
  const TensorMap tensors_ = weights_of(config_, GetParam().stored);
};

TEST_P(Sizes, LogitsAreTheTwins) {
  const Decoder decoder = load_decoder(CheckpointFolder(folder_), "", at::kFloat);
  const twin::Weights weights = twin_weights(tensors_);
  for (const bool left : {true, false}) {
    Batch batch = padded_batch(GetParam(), left);
    EXPECT_LT(difference(decoder, batch, config_, weights), kTolerance) << (left ? "left" : "right") << " pads";
    batch.mask_BT.fill_(1);
    EXPECT_LT(difference(decoder, batch, config_, weights), kTolerance) << "no pads";
  }
}

// The comparison would notice what changes least: another epsilon, another base.
TEST_P(Sizes, TheTwinTellsFaults) {
  Decoder decoder = load_decoder(CheckpointFolder(folder_), "", at::kFloat);
  const twin::Weights weights = twin_weights(tensors_);
  const Batch batch = padded_batch(GetParam(), true);
  const DecoderConfig right = decoder.config;
  decoder.config.norm_eps += 1e-3;
  EXPECT_GT(difference(decoder, batch, config_, weights), 2 * kTolerance) << "epsilon";
  decoder.config = right;
  decoder.config.rope_theta *= 2;
  if (right.head_width > 2) {  // else there is one frequency, 1, whatever the base
    EXPECT_GT(difference(decoder, batch, config_, weights), 2 * kTolerance) << "rope base";
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Sizes, testing::ValuesIn(kSizes),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace freeact
