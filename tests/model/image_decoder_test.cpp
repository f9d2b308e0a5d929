// What a decoder of text does for a model that sees: features in place of tokens, positions on several axes, fused
// projections, a growing rotary base.
#include <gmock/gmock.h>

#include "model/random_model.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int64_t kImage = 47;

Decoder seeing_llama() {
  const Family family = llama_family();
  Decoder model = random_decoder(family.read_config(llama_config()), family.modules);
  model.config.feature_id = kImage;
  model.config.token_types = {"text", "vision"};
  return model;
}

at::Tensor prompt() {
  return at::tensor({5, static_cast<int>(kImage), static_cast<int>(kImage), 9}, at::kLong).unsqueeze(0);
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(Features, TakeThePlacesOfTheirTokensInReadingOrder) {
  const Decoder model = seeing_llama();
  const at::Tensor features = at::randn({2, 32});
  const at::Tensor embedded = model.embed({prompt(), features});
  EXPECT_TRUE(at::equal(embedded[0].slice(0, 1, 3), features));
  EXPECT_TRUE(at::equal(embedded[0][3], model.embedding[9]));
  EXPECT_TRUE(at::equal(model.types(prompt())[0], at::tensor({0, 1, 1, 0}, at::kLong)));
}

TEST(Features, ThatAreTokensOwnEmbeddingsChangeNothing) {
  const Decoder model = seeing_llama();
  const at::Tensor features = model.embedding.index_select(0, at::tensor({kImage, kImage}));
  EXPECT_TRUE(at::equal(model.logits({prompt(), features}), model.logits(prompt())));
}

TEST(Features, OfAnotherNumberAreRefused) {
  EXPECT_THAT(
      [] {
        seeing_llama().embed({prompt(), at::randn({3, 32})});
      },
      ThrowsMessage<UserError>(HasSubstr("2 image tokens for 3 image features")));
}

TEST(Features, FollowATransformationOfTheEmbeddings) {
  Decoder model = seeing_llama();
  const at::Tensor features = at::randn({2, 32});
  const at::Tensor before = model.embed({prompt(), features}).to(at::kDouble);
  const at::Tensor first = gaussian({32, 32}, 1), second = gaussian({32, 32}, 2);
  model.transform_embeddings(first);
  model.transform_embeddings(second);
  const at::Tensor expected = at::matmul(at::matmul(before, first), second);
  EXPECT_LT(difference(model.embed({prompt(), features}).to(at::kDouble), expected),
            1e-4 * expected.abs().max().item<double>());
}

TEST(Positions, GivenAsCountedChangeNothing) {
  const Decoder model = seeing_llama();
  const at::Tensor counted = at::arange(4).view({1, 1, 4});
  EXPECT_TRUE(at::equal(model.logits({prompt(), {}, counted}), model.logits(prompt())));
}

TEST(Positions, OfEachAxisTurnTheFrequenciesOfItsSection) {
  Decoder model = seeing_llama();  // heads of width 8: 4 frequencies
  model.config.rope_sections = {1, 2, 1};
  const at::Tensor axes = at::randint(0, 50, {3, 1, 4}, at::kLong);
  const RopeTable table = model.context({prompt(), {}, axes}).rope;
  const std::vector<int64_t> axis_of = {0, 1, 1, 2};
  for (int64_t frequency = 0; frequency < 4; ++frequency) {
    const at::Tensor own = rope_table(axes[axis_of[static_cast<size_t>(frequency)]], 8, model.config.rope_theta).cos;
    for (const int64_t column : {frequency, frequency + 4})
      EXPECT_TRUE(at::equal(table.cos.select(-1, column), own.select(-1, column))) << column;
  }
}

TEST(DynamicRope, GrowsPastTheLengthOfTheTrainingOnly) {
  Decoder model = seeing_llama();
  const auto rope = [&](int64_t length) { return model.context(at::zeros({1, length}, at::kLong)).rope; };
  const at::Tensor plain_6 = rope(6).cos, plain_9 = rope(9).cos;
  model.config.dynamic_rope_factor = 2;
  model.config.max_positions = 6;
  EXPECT_TRUE(at::equal(rope(6).cos, plain_6));
  const double base = model.config.rope_theta * std::pow(2.0 * 9 / 6 - 1, 8.0 / 6);
  EXPECT_TRUE(at::equal(rope(9).cos, rope_table(at::arange(9).unsqueeze(0), 8, base).cos));
  EXPECT_FALSE(at::equal(rope(9).cos, plain_9));
}

// InternLM2's rows: for each key head the queries it serves, the key, the value.
TEST(FusedQkv, IsTakenApartByKeyHead) {
  const Family llama = llama_family();
  const DecoderConfig config = llama.read_config(llama_config());  // 4 query heads, 2 key heads, width 8
  ModuleNames fused = llama.modules;
  fused.fused_qkv = "model.layers.{}.wqkv";
  const Decoder plain = random_decoder(config, llama.modules);
  const auto source = [&](const std::string& name) {
    std::map<std::string, at::Tensor> tensors;
    Decoder copy = plain;
    visit_tensors(copy, llama.modules, [&](const std::string& own, const auto&, at::Tensor& t) { tensors[own] = t; });
    if (name.find("wqkv") == std::string::npos) return tensors.at(name);
    const std::string block = name.substr(0, name.find("wqkv")) + "self_attn.";
    const at::Tensor q = tensors.at(block + "q_proj.weight"), k = tensors.at(block + "k_proj.weight"),
                     v = tensors.at(block + "v_proj.weight");
    return at::cat(
        {q.slice(0, 0, 16), k.slice(0, 0, 8), v.slice(0, 0, 8), q.slice(0, 16), k.slice(0, 8), v.slice(0, 8)});
  };
  const Decoder model = build_decoder(config, fused, source, at::kFloat);
  EXPECT_TRUE(at::equal(model.logits(prompt()), plain.logits(prompt())));
  Decoder written = model;
  visit_tensors(written, fused, [&](const std::string& name, const auto& shape, at::Tensor& tensor) {
    EXPECT_EQ(tensor.sizes(), at::IntArrayRef(shape)) << name;
    EXPECT_TRUE(at::equal(tensor, source(name))) << name;
  });
}

TEST(StopIds, AreOneOrMany) {
  nlohmann::json config = llama_config();
  config["eos_token_id"] = 7;
  EXPECT_TRUE(llama_family().read_config(config).ends_answer(7));
  config["eos_token_id"] = {7, 9};
  const DecoderConfig both = llama_family().read_config(config);
  EXPECT_EQ(both.eos_id, 7);
  EXPECT_TRUE(both.ends_answer(9));
  EXPECT_FALSE(both.ends_answer(8));
}

struct WrongKey {
  const char* key;
  nlohmann::json value;
  const char* message;
};

TEST(QwenVlConfig, NamesWhatIsWrong) {
  const auto config = [](const WrongKey& wrong) {
    nlohmann::json json = llama_config();
    json.update({{"model_type", "qwen2_5_vl"},
                 {"image_token_id", kImage},
                 {"rope_scaling", {{"type", "mrope"}, {"mrope_section", {1, 2, 1}}}}});
    json[wrong.key] = wrong.value;
    return read_decoder_config(qwen2_5_vl_family(), json);
  };
  EXPECT_EQ(config({"rope_theta", 1e6, ""}).rope_sections, (std::vector<int64_t>{1, 2, 1}));
  for (const WrongKey& wrong : {WrongKey{"image_token_id", 48, "of the image token"},
                                {"image_token_id", nullptr, "image_token_id"},
                                {"rope_scaling", nullptr, "mrope_section"},
                                {"rope_scaling", {{"mrope_section", {1, 1, 1}}}, "add up to 3"},
                                {"rope_scaling", {{"mrope_section", {1, -2, 1}}}, "mrope_section"},
                                {"use_sliding_window", true, "use_sliding_window"}})
    EXPECT_THAT([&] { config(wrong); }, ThrowsMessage<UserError>(HasSubstr(wrong.message))) << wrong.message;
}

TEST(InternVlConfig, NamesWhatIsWrong) {
  const auto config = [](const WrongKey& wrong) {
    nlohmann::json language = llama_config();
    language.update({{"model_type", "internlm2"},
                     {"max_position_embeddings", 64},
                     {"rope_scaling", {{"type", "dynamic"}, {"factor", 2.0}}}});
    language[wrong.key] = wrong.value;
    const nlohmann::json json = {{"model_type", "internvl_chat"}, {"llm_config", language}};
    return read_decoder_config(find_family("", json), json);
  };
  EXPECT_EQ(config({"bias", false, ""}).max_positions, 64);
  for (const WrongKey& wrong : {WrongKey{"bias", true, "bias"},
                                {"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}, "rope_scaling"},
                                {"rope_scaling", {{"type", 1}, {"factor", 2.0}}, "'type'"},
                                {"rope_scaling", {{"type", "dynamic"}, {"factor", 0.5}}, "factor"},
                                {"max_position_embeddings", 0, "max_position_embeddings"},
                                {"model_type", "mamba", "internvl_chat/mamba"}})
    EXPECT_THAT([&] { config(wrong); }, ThrowsMessage<UserError>(HasSubstr(wrong.message))) << wrong.message;
}

}  // namespace
}  // namespace freeact
