#include "model/family.h"

#include <gmock/gmock.h>

#include "checkpoint/temporary_folder.h"
#include "model/random_model.h"
#include "util/files.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Shapes = std::map<std::string, std::vector<int64_t>>;

Shapes shapes_of(const Family& family, const nlohmann::json& config) {
  Shapes shapes;
  for (const auto& spec : expected_tensors(family.read_config(config), family.modules)) shapes[spec.name] = spec.shape;
  return shapes;
}

nlohmann::json with(nlohmann::json config, const char* key, const nlohmann::json& value) {
  config[key] = value;
  return config;
}

TEST(TensorTable, LladaWithGroupedHeads) {
  const Shapes shapes = shapes_of(llada_family(), llada_config());
  EXPECT_EQ(shapes.size(), 3 + 2 * 9U);
  const std::string block = "model.transformer.blocks.1.";
  const Shapes expected = {{"model.transformer.wte.weight", {48, 32}},  // rows of the embedding, not the ids in use
                           {"model.transformer.ff_out.weight", {48, 32}},
                           {"model.transformer.ln_f.weight", {32}},
                           {block + "attn_norm.weight", {32}},
                           {block + "ff_norm.weight", {32}},
                           {block + "q_proj.weight", {32, 32}},
                           {block + "k_proj.weight", {16, 32}},
                           {block + "v_proj.weight", {16, 32}},
                           {block + "attn_out.weight", {32, 32}},
                           {block + "ff_proj.weight", {56, 32}},  // mlp_hidden_size; mlp_ratio is stale
                           {block + "up_proj.weight", {56, 32}},
                           {block + "ff_out.weight", {32, 56}}};
  for (const auto& [name, shape] : expected) {
    ASSERT_TRUE(shapes.contains(name)) << name;
    EXPECT_EQ(shapes.at(name), shape) << name;
  }
}

TEST(TensorTable, LladaFallsBackWhereKeysAreNull) {
  auto config = with(with(llada_config(), "embedding_size", nullptr), "n_kv_heads", nullptr);
  const Shapes shapes = shapes_of(llada_family(), config);
  EXPECT_EQ(shapes.at("model.transformer.wte.weight"), (std::vector<int64_t>{40, 32}));
  EXPECT_EQ(shapes.at("model.transformer.blocks.0.k_proj.weight"), (std::vector<int64_t>{32, 32}));
}

TEST(TensorTable, LladaMayShareOneKeyHeadAmongAll) {
  const auto config = with(with(llada_config(), "n_kv_heads", nullptr), "multi_query_attention", true);
  EXPECT_EQ(shapes_of(llada_family(), config).at("model.transformer.blocks.0.k_proj.weight"),
            (std::vector<int64_t>{8, 32}));
}

TEST(TensorTable, BiasesAndTiedHeads) {
  EXPECT_EQ(shapes_of(llada_family(), with(llada_config(), "include_qkv_bias", true))
                .at("model.transformer.blocks.0.v_proj.bias"),
            (std::vector<int64_t>{16}));
  EXPECT_FALSE(shapes_of(llama_family(), with(llama_config(), "tie_word_embeddings", true)).contains("lm_head.weight"));
}

TEST(TensorTable, Llama) {
  const Shapes shapes = shapes_of(llama_family(), llama_config());
  EXPECT_EQ(shapes.size(), 3 + 2 * 9U);
  EXPECT_EQ(shapes.at("model.embed_tokens.weight"), (std::vector<int64_t>{48, 32}));
  EXPECT_EQ(shapes.at("model.layers.1.self_attn.k_proj.weight"), (std::vector<int64_t>{16, 32}));
  EXPECT_EQ(shapes.at("model.layers.0.mlp.down_proj.weight"), (std::vector<int64_t>{32, 56}));
  // Heads need not fill the width.
  EXPECT_EQ(
      shapes_of(llama_family(), with(llama_config(), "head_dim", 10)).at("model.layers.0.self_attn.o_proj.weight"),
      (std::vector<int64_t>{32, 40}));
}

TEST(TensorTable, DreamHasBiasesOnQueryKeyAndValueAlone) {
  const Shapes shapes = shapes_of(dream_family(), dream_config());
  EXPECT_EQ(shapes.size(), 3 + 2 * 12U);
  const std::string block = "model.layers.1.";
  const Shapes expected = {{"model.embed_tokens.weight", {48, 32}},
                           {"model.norm.weight", {32}},
                           {"lm_head.weight", {48, 32}},
                           {block + "input_layernorm.weight", {32}},
                           {block + "post_attention_layernorm.weight", {32}},
                           {block + "self_attn.q_proj.weight", {32, 32}},
                           {block + "self_attn.q_proj.bias", {32}},
                           {block + "self_attn.k_proj.weight", {16, 32}},
                           {block + "self_attn.k_proj.bias", {16}},
                           {block + "self_attn.v_proj.weight", {16, 32}},
                           {block + "self_attn.v_proj.bias", {16}},
                           {block + "self_attn.o_proj.weight", {32, 32}},
                           {block + "mlp.gate_proj.weight", {56, 32}},
                           {block + "mlp.up_proj.weight", {56, 32}},
                           {block + "mlp.down_proj.weight", {32, 56}}};
  for (const auto& [name, shape] : expected) {
    ASSERT_TRUE(shapes.contains(name)) << name;
    EXPECT_EQ(shapes.at(name), shape) << name;
  }
}

TEST(FindFamily, ByNameOrModelType) {
  EXPECT_EQ(find_family("", dream_config()).name, "dream");
  EXPECT_EQ(find_family("", llada_config()).name, "llada");
  EXPECT_EQ(find_family("llama", llada_config()).name, "llama");
}

TEST(FindFamily, UnknownOnesListTheKnown) {
  EXPECT_THAT(message_of<UserError>([] { find_family("lada", llada_config()); }),
              AllOf(HasSubstr("'lada'"), HasSubstr("llada"), HasSubstr("llama")));
  EXPECT_THAT(message_of<UserError>([] {
                find_family("", {{"model_type", "mamba"}});
              }),
              AllOf(HasSubstr("'mamba'"), HasSubstr("llada")));
  EXPECT_THROW(find_family("", nlohmann::json::object()), UserError);
}

TEST(ConfigJson, MissingAndMistypedKeysAreNamed) {
  auto missing = llada_config();
  missing.erase("rope_theta");
  EXPECT_THAT(message_of<UserError>([&] { llada_family().read_config(missing); }), HasSubstr("'rope_theta'"));
  EXPECT_THAT(message_of<UserError>([] { llada_family().read_config(with(llada_config(), "n_heads", "four")); }),
              AllOf(HasSubstr("'n_heads'"), HasSubstr("four")));
  EXPECT_THAT(message_of<UserError>([] { llama_family().read_config(with(llama_config(), "vocab_size", nullptr)); }),
              HasSubstr("'vocab_size'"));
}

TEST(ConfigJson, UnsupportedVariantsAreRefused) {
  for (const char* key : {"alibi", "include_bias", "attention_layer_norm", "input_emb_norm"})
    EXPECT_THAT(message_of<UserError>([&] { llada_family().read_config(with(llada_config(), key, true)); }),
                HasSubstr(key));
}

TEST(ConfigJson, DreamTakesItsMaskFromTheConfigAndPadsWithTheEnd) {
  const DecoderConfig config = dream_family().read_config(dream_config());
  EXPECT_EQ(config.mask_id, 39);
  EXPECT_EQ(config.pad_id, 38);
  EXPECT_THAT(message_of<UserError>([] { dream_family().read_config(with(dream_config(), "mask_token_id", nullptr)); }),
              HasSubstr("'mask_token_id'"));
  EXPECT_THAT(message_of<UserError>([] {
                dream_family().read_config(with(dream_config(), "rope_scaling", {{"type", "yarn"}}));
              }),
              HasSubstr("rope_scaling"));
}

// Llama 3.1's scaling turns every frequency otherwise: read without it, the model would be silently wrong.
TEST(ConfigJson, LlamaRefusesScaledRotaryPositions) {
  EXPECT_THAT(message_of<UserError>([] {
                llama_family().read_config(with(llama_config(), "rope_scaling", {{"rope_type", "llama3"}}));
              }),
              HasSubstr("rope_scaling"));
  EXPECT_NO_THROW(llama_family().read_config(with(llama_config(), "rope_scaling", nullptr)));
}

class Loading : public TemporaryFolder {
 protected:
  Decoder load(const nlohmann::json& config, const TensorMap& tensors) const {
    write_file_atomically(folder_ / "config.json", config.dump());
    write_safetensors(folder_ / "model.safetensors", tensors);
    return load_decoder(CheckpointFolder(folder_), "", at::kFloat);
  }
  static TensorMap weights() {
    const Family family = llada_family();
    return random_tensors(expected_tensors(family.read_config(llada_config()), family.modules));
  }
};

TEST_F(Loading, EveryWeightReachesItsPlace) {
  TensorMap tensors = weights();
  const Decoder decoder = load(llada_config(), tensors);
  const std::string block = "model.transformer.blocks.1.";
  EXPECT_TRUE(at::equal(decoder.head.weight, tensors.at("model.transformer.ff_out.weight")));
  EXPECT_TRUE(at::equal(decoder.blocks[1].at(SiteId::kMlpDown)[0].weight, tensors.at(block + "ff_out.weight")));
  EXPECT_TRUE(at::equal(decoder.blocks[1].at(SiteId::kMlpGateUp)[0].weight, tensors.at(block + "ff_proj.weight")));
  EXPECT_TRUE(at::equal(decoder.blocks[1].at(SiteId::kAttentionQkv)[2].weight, tensors.at(block + "v_proj.weight")));
  EXPECT_FALSE(decoder.head.bias.defined());
}

TEST_F(Loading, Bfloat16IsWidened) {
  TensorMap tensors = weights();
  for (auto& [name, tensor] : tensors) tensor = tensor.to(at::kBFloat16);
  const Decoder decoder = load(llada_config(), tensors);
  EXPECT_EQ(decoder.embedding.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(decoder.embedding, tensors.at("model.transformer.wte.weight").to(at::kFloat)));
}

TEST_F(Loading, HeadCountsThatDoNotDivideAreRefused) {
  EXPECT_THAT(message_of<UserError>([&] { load(with(llada_config(), "n_kv_heads", 3), weights()); }),
              AllOf(HasSubstr("4 attention heads"), HasSubstr("3 key/value heads")));
  EXPECT_THAT(message_of<UserError>([&] { load(with(llada_config(), "n_kv_heads", 0), weights()); }),
              HasSubstr("key/value heads"));
  EXPECT_THAT(message_of<UserError>([&] { load(with(llada_config(), "d_model", 34), weights()); }), HasSubstr("34"));
  EXPECT_THAT(message_of<UserError>([&] { load(with(llada_config(), "n_heads", 0), weights()); }), HasSubstr("heads"));
  EXPECT_THROW(load(with(llada_config(), "n_layers", -1), weights()), UserError);
}

// One clear complaint, before any tensor is touched and whatever the numbers are.
TEST_F(Loading, AbsurdConfigsAreRefused) {
  constexpr int64_t kHuge = 1'000'000'000'000'000'000;
  struct Absurd {
    const char* key;
    nlohmann::json value;
    const char* complaint;
  };
  const std::vector<Absurd> table = {
      {"n_layers", 1'000'000'000'000, "number of layers is 1000000000000"},
      {"n_layers", -1, "number of layers is -1"},
      {"n_layers", 2.5, "'n_layers' has the unexpected value 2.5"},
      {"n_layers", true, "'n_layers' has the unexpected value true"},
      {"n_layers", 1e300, "'n_layers'"},
      {"n_layers", UINT64_MAX, "'n_layers' has the unexpected value 18446744073709551615"},
      {"embedding_size", kHuge, "vocabulary rows is 1000000000000000000"},
      {"vocab_size", "many", "'vocab_size'"},
      {"d_model", -32, "width is -32"},
      {"d_model", kHuge, "width is 1000000000000000000"},
      {"n_heads", kHuge, "heads is 1000000000000000000"},
      {"mlp_hidden_size", INT64_MIN, "MLP width is -9223372036854775808"},
      {"rms_norm_eps", -1e-5, "epsilon"},
      {"rope_theta", 0, "rotary base"},
      {"rope_theta", "NaN", "'rope_theta'"},
      {"mask_token_id", 48, "mask token is outside the 48 rows"},
      {"mask_token_id", -1, "mask token"},
      {"eos_token_id", {38, "no"}, "'eos_token_id' has the unexpected value [38,\"no\"]"},
      {"eos_token_id", kHuge, "end token"},
      {"pad_token_id", -2, "pad token"},
      {"weight_tying", 1, "'weight_tying'"},
      {"model_type", 3, "'model_type'"},
      {"model_type", std::string(1000, 'x'), "model_type"},
  };
  const TensorMap tensors = weights();
  for (const auto& [key, value, complaint] : table)
    EXPECT_THAT(message_of<UserError>([&] { load(with(llada_config(), key, value), tensors); }), HasSubstr(complaint))
        << key << " " << value;
}

TEST_F(Loading, ConfigsThatAreNoObjectAreRefused) {
  for (const nlohmann::json& config : {nlohmann::json(), nlohmann::json::array({1}), nlohmann::json("llada")})
    EXPECT_THAT(message_of<UserError>([&] { load(config, weights()); }), HasSubstr("model_type")) << config;
}

TEST_F(Loading, TensorsGoStraightToTheirDevice) {
  write_file_atomically(folder_ / "config.json", llada_config().dump());
  write_safetensors(folder_ / "model.safetensors", weights());
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    Decoder decoder = load_decoder(CheckpointFolder(folder_), "", dtype, at::kMeta);
    visit_tensors(decoder, llada_family().modules, [&](const std::string& name, const auto&, const at::Tensor& tensor) {
      EXPECT_TRUE(tensor.is_meta()) << name;
      EXPECT_EQ(tensor.scalar_type(), dtype) << name;
    });
  }
}

TEST_F(Loading, IntegersAreNoWeights) {
  TensorMap tensors = weights();
  tensors["model.transformer.wte.weight"] = at::ones({48, 32}, at::kChar);
  EXPECT_THAT(message_of<UserError>([&] { load(llada_config(), tensors); }),
              HasSubstr("model.transformer.wte.weight holds I8, expected floating-point numbers"));
}

TEST_F(Loading, TensorsThatDoNotFitAreListedTogether) {
  TensorMap tensors = weights();
  tensors.erase("model.transformer.blocks.0.q_proj.weight");
  tensors["model.transformer.blocks.0.q_proj.bias"] = at::zeros({32});
  tensors["model.transformer.ln_f.weight"] = at::zeros({31});
  EXPECT_THAT(message_of<UserError>([&] { load(llada_config(), tensors); }),
              AllOf(HasSubstr("missing model.transformer.blocks.0.q_proj.weight"),
                    HasSubstr("surplus model.transformer.blocks.0.q_proj.bias"), HasSubstr("is [31], expected [32]")));
}

}  // namespace
}  // namespace freeact
