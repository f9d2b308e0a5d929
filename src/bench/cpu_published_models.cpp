#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "bench/cpu_ceilings.h"
#include "bench/cpu_groups.h"
#include "bench/cpu_random_sites.h"
#include "bench/random_model.h"
#include "model/family.h"
#include "util/instruction_set.h"
#include "util/random.h"

namespace freeact {
namespace {

using nlohmann::json;

constexpr int64_t kVocabulary = 256;  // of the block's decoder; the published one plays no part
constexpr int64_t kSpecialId = 255;   // mask, or image

struct PublishedModel {
  std::string name;
  Family family;
  json config;     // of one layer
  int64_t layers;  // published
};

json llama_form(int64_t width, int64_t heads, int64_t kv_heads, int64_t mlp_width) {
  return {{"hidden_size", width},
          {"num_attention_heads", heads},
          {"num_key_value_heads", kv_heads},
          {"num_hidden_layers", 1},
          {"intermediate_size", mlp_width},
          {"vocab_size", kVocabulary},
          {"rms_norm_eps", 1e-6},
          {"rope_theta", 1e6},
          {"eos_token_id", 0}};
}

json with(json config, const json& more) {
  config.update(more);
  return config;
}

// Widths, heads and layers of the published config.json files.
std::vector<PublishedModel> published_models() {
  const json qwen = llama_form(3584, 28, 4, 18944);
  return {
      {"llada_8b",
       llada_family(),
       {{"d_model", 4096},
        {"n_heads", 32},
        {"n_layers", 1},
        {"mlp_hidden_size", 12288},
        {"vocab_size", kVocabulary},
        {"rms_norm_eps", 1e-5},
        {"rope_theta", 5e5},
        {"mask_token_id", kSpecialId},
        {"eos_token_id", 0}},
       32},
      {"dream_7b", dream_family(), with(qwen, {{"mask_token_id", kSpecialId}}), 28},
      {"qwen2_5_vl_7b", qwen2_5_vl_family(),
       with(qwen, {{"image_token_id", kSpecialId}, {"rope_scaling", {{"mrope_section", {16, 24, 24}}}}}), 28},
      {"internvl2_5_8b", internvl_family(), {{"llm_config", llama_form(4096, 32, 8, 14336)}}, 32},
  };
}

// What one pass computes: the last `tokens` of `context` positions, whose keys and values are kept unless it is all.
struct PassShape {
  std::string name, about;
  int64_t context, tokens;
  bool cached() const { return tokens < context; }
};

const std::vector<PassShape>& passes() {
  static const std::vector<PassShape> all = {
      {"prefill", "512 tokens at once", 512, 512},
      {"cached_block_step", "a block of 32 tokens, 512 kept before it", 544, 32},
      {"token", "one token, 512 kept before it", 513, 1},
  };
  return all;
}

// One block at work on one pass.
struct BlockPass {
  Decoder model;  // of one block
  std::shared_ptr<KvCache> cache;
  ForwardContext context;
  at::Tensor hidden_BTD;

  at::Tensor run() const {
    const at::NoGradGuard no_gradients;
    return model.blocks.front().forward(hidden_BTD, context, model.config);
  }
};

Decoder in_dtype(Decoder model, at::ScalarType dtype) {
  model.embedding = model.embedding.to(dtype);
  for (Block& block : model.blocks) {
    block.attention_norm = block.attention_norm.to(dtype);
    block.mlp_norm = block.mlp_norm.to(dtype);
    for (auto& linears : block.linears)
      for (Linear& linear : linears) {
        linear.weight = linear.weight.to(dtype);
        if (linear.bias.defined()) linear.bias = linear.bias.to(dtype);
      }
  }
  return model;
}

at::Tensor random_hidden(int64_t tokens, int64_t width, uint64_t seed) {
  return gaussian({1, tokens, width}, derive_seed(seed, "hidden")).to(at::kFloat);
}

// Every second token is masked, or of an image.
at::Tensor mixed_ids(int64_t tokens) {
  return (at::arange(tokens, at::kLong) % 2 * kSpecialId).unsqueeze(0);
}

BlockPass make_pass(Decoder model, const PassShape& shape, uint64_t seed) {
  const at::NoGradGuard no_gradients;
  const ForwardContext whole = model.context(TokenBatch(mixed_ids(shape.context)));
  const at::Tensor hidden_BTD =
      random_hidden(shape.context, model.config.width, seed).to(model.embedding.scalar_type());
  if (!shape.cached()) return {std::move(model), nullptr, whole, hidden_BTD};
  const auto cache = std::make_shared<KvCache>(shape.context);
  const int64_t begin = shape.context - shape.tokens;
  model.blocks.front().forward(hidden_BTD, whole.window(*cache, 0, shape.context), model.config);
  const ForwardContext window = whole.window(*cache, begin, shape.context);
  return {std::move(model), cache, window, hidden_BTD.slice(1, begin, shape.context)};
}

Contender make_contender(const char* name, const char* backend, const BlockPass& pass, const at::Tensor& exact) {
  const auto shared = std::make_shared<const BlockPass>(pass);
  const auto examine = [shared, exact] {
    const at::Tensor difference = shared->run().to(at::kFloat) - exact;
    return Evidence{100 * (difference.norm() / exact.norm()).item<double>()};
  };
  return {name, [shared] { shared->run(); }, examine, {}, backend};
}

void check_sites(const QuantisedPair& pair, const PassShape& shape, uint64_t seed) {
  const int64_t tokens = std::min<int64_t>(shape.tokens, 32);
  const at::Tensor types_BT = pair.simulated.types(TokenBatch(mixed_ids(tokens)));
  const Block &simulated = pair.simulated.blocks.front(), &integer = pair.integer.blocks.front();
  for (size_t s = 0; s < kNumSites; ++s)
    check_site(*simulated.sites[s], *integer.sites[s],
               random_hidden(tokens, simulated.linears[s].front().weight.size(1), seed), types_BT);
}

Decoder random_block(const PublishedModel& published, uint64_t seed) {
  Decoder model = random_decoder(published.family, published.config, derive_seed(seed, "random weights"));
  if (model.config.token_types.size() > 1 && model.config.mask_id < 0) model.config.feature_id = kSpecialId;
  return model;
}

Contest pass_contest(const PublishedModel& published, const PassShape& shape, const BenchSettings& settings) {
  const Decoder model = random_block(published, settings.seed);
  const auto pair = std::make_shared<const QuantisedPair>(random_quantised(model, settings.seed));
  const BlockPass float32 = make_pass(model, shape, settings.seed);
  const at::Tensor exact = float32.run();
  Contest contest;
  contest.model = published.name + ", random weights";
  contest.note = fmt::format(
      "random weights; one block timed, times {} layers: no embedding, head or vision tower; weights from memory "
      "(cold); {}",
      published.layers, shape.about);
  contest.unit = "pass";
  contest.accuracy_kind = "relative error";
  contest.runs_per_unit = static_cast<double>(published.layers);
  contest.tokens_per_unit = static_cast<double>(shape.tokens);
  contest.goal.champion = "w4a4";
  contest.goal.opponents = {{"float32", {"float32"}}, {"bfloat16", {"bfloat16"}}};
  contest.probe = processor_speed;
  contest.check_exact = [=, seed = settings.seed] { check_sites(*pair, shape, seed); };
  contest.contenders = {make_contender("float32", "torch float32", float32, exact),
                        make_contender("bfloat16", "torch bfloat16",
                                       make_pass(in_dtype(model, at::kBFloat16), shape, settings.seed), exact),
                        make_contender("w4a4", "cpu int4", make_pass(pair->integer, shape, settings.seed), exact)};
  contest.contenders.back().instruction_set = freeact::name(instruction_set());
  return contest;
}

BenchmarkGroup pass_group(const PublishedModel& published, const PassShape& shape) {
  return {fmt::format("model/{}/{}", published.name, shape.name),
          fmt::format("random weights, one block times {} layers: {}", published.layers, shape.about),
          {"float32", "bfloat16", "w4a4"},
          [=](const BenchSettings& settings, const std::vector<std::string>&) {
            return pass_contest(published, shape, settings);
          },
          /*whole=*/true};
}

}  // namespace

std::vector<BenchmarkGroup> published_model_groups() {
  std::vector<BenchmarkGroup> groups;
  for (const PublishedModel& published : published_models())
    for (const PassShape& shape : passes()) groups.push_back(pass_group(published, shape));
  return groups;
}

}  // namespace freeact
