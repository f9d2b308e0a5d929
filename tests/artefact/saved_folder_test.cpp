// Whole tiny models written and read again.
#include "artefact/saved_folder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "../model/random_model.h"
#include "calibration/calibrated_block.h"
#include "model/rounded_embeddings.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Two factors of the width 56 and of the width 32, with inverses that are exact enough.
KroneckerTransform::Factors factors(int64_t left, int64_t right) {
  const auto make = [](int64_t n) { return at::eye(n) + 0.1 * at::randn({n, n}); };
  const at::Tensor l = make(left), r = make(right);
  return {l, r, l.inverse().t().contiguous(), r.inverse().t().contiguous()};
}

// All that a site can hold: two transforms and slices, means by type, a branch with products, clips by type.
std::shared_ptr<const QuantisedSite> rich_site(const std::vector<Linear>& linears, const QuantSpec& spec) {
  const int64_t width = linears.front().weight.size(1);
  QuantisedSite::Parts parts;
  parts.activation_grid = spec.activation;
  parts.transforms = {std::make_shared<ScaleTransform>(at::rand({width}) + 0.5),
                      std::make_shared<KroneckerTransform>(factors(width / 8, 8)),
                      std::make_shared<SliceTransform>(slice_mask(width, {2, 1}))};
  parts.mean_ND = at::randn({2, width}) * 0.1;
  const at::Tensor basis = std::get<0>(at::linalg_qr(at::randn({width, 3})));
  parts.branch = TypeBranch::orthonormal({basis.slice(1, 0, 2), basis.slice(1, 2)});
  for (const Linear& linear : linears) {
    parts.linears.push_back(quantise_linear(apply_weight(parts.transforms, linear.weight), linear.bias, spec.weight));
    parts.linears.back().activation_clip = {at::tensor({0.9F, 0.8F}), at::tensor({0.7F, 0.95F})};
    parts.mean_bias_NO.push_back(at::matmul(parts.mean_ND, linear.weight.t()));
    parts.branch.products_RO.push_back(at::matmul(parts.branch.write_RD, linear.weight.t()));
  }
  return std::make_shared<QuantisedSite>(std::move(parts));
}

class SavedFolder : public testing::Test {
 protected:
  void SetUp() override {
    at::manual_seed(0);
    root_ = fs::path(testing::TempDir()) / "freeact_saved_folder" /
            testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(source());
    write_file_atomically(source() / "config.json", llada_config().dump());
    write_file_atomically(source() / "tokenizer.json", "{}");
    family_ = llada_family();
    TensorMap tensors;
    for (const auto& [name, tensor] : random_tensors(expected_tensors(config(), family_.modules)))
      tensors[name] = tensor.to(at::kBFloat16);
    write_safetensors(source() / "model.safetensors", tensors);
    model_ = load_decoder(CheckpointFolder(source()), "", at::kFloat);
  }

  fs::path source() const { return root_ / "source"; }
  fs::path saved() const { return root_ / "saved"; }
  DecoderConfig config() const { return family_.read_config(llada_config()); }

  // The blocks with rich sites and, where the grid wants that, quantised keys and values.
  Decoder quantised(const QuantSpec& spec) const {
    Decoder decoder = model_;
    for (Block& block : decoder.blocks) {
      for (size_t i = 0; i < kNumSites; ++i) block.sites[i] = rich_site(block.linears[i], spec);
      block.kv = plain_kv_path(spec, Clip::ratio(0.95));
    }
    return decoder;
  }
  SavedFormat format(const QuantSpec& spec, int embedding_bits = 16) const {
    return {.weight = spec.weight, .activation = spec.activation, .kv = spec.key, .embedding_bits = embedding_bits};
  }
  SavedSize save(const Decoder& decoder, const SavedFormat& form, int64_t shard_bytes = kShardBytes,
                 bool replace = false) const {
    return save_model({decoder, family_.modules, nullptr, form}, {{"seed", 1}},
                      {source(), saved(), replace, shard_bytes});
  }
  SavedNetwork load() const { return load_saved_network(CheckpointFolder(saved()), "", at::kFloat); }

  // Logits of a sequence with masks.
  static at::Tensor logits(const Decoder& decoder) {
    const at::NoGradGuard no_grad;
    return decoder.logits(TokenBatch(std::vector<int64_t>{3, 39, 7, 39, 12, 5, 39, 1}));
  }

  fs::path root_;
  Family family_;
  Decoder model_;
};

struct Setting {
  const char* name;
  QuantSpec spec;
  int embedding_bits = 16;
};

std::vector<Setting> settings() {
  const Grid off = {16};
  return {{"W4A4", {{4}, {4}, off, off}},
          {"W3A3", {{3}, {3}, off, off}},
          {"W5A8E8", {{5}, {8}, off, off}, 8},
          {"asymmetric", {{4, false}, {4, false}, {4, false}, {4, false}}},
          {"groups", {{4, true, 8}, {4, true, 8}, off, off}},
          {"asymmetric groups KV4", {{3, false, 4}, {4, false}, {4, false}, {4, false}}},
          {"W16A4", {off, {4}, off, off}}};
}

TEST_F(SavedFolder, CodesAndLogitsComeBackBitByBit) {
  for (const auto& [name, spec, bits] : settings()) {
    const Decoder before = quantised(spec);
    save(before, format(spec, bits), kShardBytes, /*replace=*/true);
    const SavedNetwork after = load();
    for (size_t b = 0; b < before.blocks.size(); ++b)
      for (size_t i = 0; i < kNumSites; ++i) {
        const auto all = dynamic_cast<const QuantisedSite&>(*before.blocks[b].sites[i]).save("");
        const auto back = dynamic_cast<const QuantisedSite&>(*after.decoder.blocks[b].sites[i]).save("");
        ASSERT_EQ(all.size(), back.size()) << name;
        for (const auto& [key, tensor] : all) {
          ASSERT_TRUE(back.contains(key)) << name << ' ' << key;
          EXPECT_EQ(back.at(key).scalar_type(), tensor.scalar_type()) << name << ' ' << key;
          EXPECT_TRUE(at::equal(back.at(key), tensor)) << name << ' ' << key;
        }
      }
    EXPECT_TRUE(at::equal(logits(after.decoder), logits(with_rounded_embeddings(before, bits)))) << name;
    EXPECT_EQ(after.made_by, (nlohmann::json{{"seed", 1}}));
  }
}

TEST_F(SavedFolder, HoldsWhatTheTableSays) {
  const QuantSpec spec = settings().front().spec;
  const Decoder decoder = quantised(spec);
  const SavedSize size = save(decoder, format(spec, 8));
  const TensorTable table = tensor_table({decoder, family_.modules, nullptr, format(spec, 8)});
  const SafetensorsFile file(saved() / "model.safetensors");
  ASSERT_EQ(file.tensors().size(), table.size());
  int64_t bytes = 0;
  for (const auto& entry : table) {
    EXPECT_EQ(file.tensors().at(entry.name).bytes, static_cast<uint64_t>(entry.bytes())) << entry.name;
    bytes += entry.bytes();
  }
  EXPECT_EQ(bytes, bytes_of(table));
  EXPECT_GT(size.bytes, bytes) << "the file's header comes on top";
  EXPECT_LT(size.bytes, bytes + int64_t{200} * std::ssize(table));
  int64_t numbers = 0;
  for (const auto& spec_of : expected_tensors(config(), family_.modules)) numbers += at::zeros(spec_of.shape).numel();
  EXPECT_EQ(size.bfloat16_bytes, 2 * numbers);
  const auto shape_of = [&](const std::string& name) { return file.tensors().at(name).shape; };
  EXPECT_EQ(shape_of("model.transformer.blocks.1.ff_out.weight_packed"), (std::vector<int64_t>{32, 7}));
  EXPECT_EQ(shape_of("model.transformer.wte.weight_packed"), (std::vector<int64_t>{48, 8}));
  EXPECT_EQ(file.tensors().at("model.transformer.ln_f.weight").dtype, at::kBFloat16) << "as it was published";
  EXPECT_TRUE(fs::exists(saved() / "tokenizer.json"));
  const auto config = read_json(saved() / "config.json");
  EXPECT_EQ(config["d_model"], 32);
  EXPECT_EQ(config["quantization_config"]["config_groups"]["decoder"]["weights"]["num_bits"], 4);
}

TEST_F(SavedFolder, ComesInShardsWhereItIsLarge) {
  const QuantSpec spec = settings().front().spec;
  const Decoder before = quantised(spec);
  save(before, format(spec), /*shard_bytes=*/10'000);
  const auto index = read_json(saved() / "model.safetensors.index.json");
  std::set<std::string> files;
  for (const auto& file : index["weight_map"]) files.insert(file.get<std::string>());
  EXPECT_GT(files.size(), 2u);
  EXPECT_FALSE(fs::exists(saved() / "model.safetensors"));
  EXPECT_TRUE(at::equal(logits(load().decoder), logits(before)));
}

// The sizes of GSAI-ML/LLaDA-8B; big tensors have shapes and no numbers.
TEST_F(SavedFolder, ALlada8bTakesLessThanAThirdOfItsBfloat16) {
  DecoderConfig c = config();
  c.width = 4096, c.num_heads = c.num_kv_heads = 32, c.head_width = 128, c.num_layers = 32, c.mlp_width = 12288;
  c.vocabulary_rows = 126464;
  const auto shape_only = at::TensorOptions(at::kMeta);
  Decoder decoder;
  decoder.config = c;
  int64_t published = 0;
  visit_tensors(decoder, family_.modules,
                [&](const std::string&, const std::vector<int64_t>& shape, at::Tensor& tensor) {
                  tensor = shape.size() == 1 ? at::ones(shape) : at::empty(shape, shape_only);
                  published += 2 * tensor.numel();
                });
  for (Block& block : decoder.blocks)
    for (size_t i = 0; i < kNumSites; ++i) {
      const int64_t width = block.linears[i].front().weight.size(1), left = width == 4096 ? 64 : 96;
      QuantisedSite::Parts parts;
      parts.transforms = {std::make_shared<KroneckerTransform>(factors(left, width / left)),
                          std::make_shared<SliceTransform>(slice_mask(width, {8, 8}))};
      for (const Linear& linear : block.linears[i]) {
        const int64_t outputs = linear.weight.size(0);
        parts.linears.push_back({at::empty({outputs, width}, shape_only.dtype(at::kChar)),
                                 {at::empty({outputs, 1}, shape_only), {}},
                                 {},
                                 Clip::ratio(0.9)});
      }
      block.sites[i] = std::make_shared<QuantisedSite>(std::move(parts));
    }
  const auto ratio = [&](int embedding_bits, const Grid& weights) {
    const TensorTable table =
        tensor_table({decoder, family_.modules, nullptr, {.weight = weights, .embedding_bits = embedding_bits}});
    return static_cast<double>(bytes_of(table)) / static_cast<double>(published);
  };
  EXPECT_EQ(published, 2 * 8'015'581'184);
  EXPECT_LT(ratio(8, {4}), 0.29);
  EXPECT_GT(ratio(8, {4}), 0.28);
}

TEST_F(SavedFolder, LeavesWhatIsThere) {
  const QuantSpec spec = settings().front().spec;
  const Decoder decoder = quantised(spec);
  fs::create_directories(saved());
  save(decoder, format(spec));
  EXPECT_THAT([&] { save(decoder, format(spec)); }, ThrowsMessage<UserError>(HasSubstr("--force")));
  save(decoder, format(spec, 8), kShardBytes, /*replace=*/true);
  EXPECT_NO_THROW(load());
  EXPECT_THAT([&] { check_target({source(), source(), true}); }, ThrowsMessage<UserError>(HasSubstr("left as it is")));
  for (const auto& entry : fs::directory_iterator(root_))
    EXPECT_THAT((std::vector<fs::path>{source(), saved()}), testing::Contains(entry.path()));
}

class UnknownTransform : public ScaleTransform {
 public:
  using ScaleTransform::ScaleTransform;
  std::string kind() const override { return "spiral"; }
};

TEST_F(SavedFolder, NamesWhatTheFormatCannotHold) {
  const QuantSpec spec = settings().front().spec;
  Decoder decoder = quantised(spec);
  auto parts = dynamic_cast<const QuantisedSite&>(*decoder.blocks[1].sites[0]).parts();
  parts.transforms.push_back(std::make_shared<UnknownTransform>(at::ones({32})));
  decoder.blocks[1].sites[0] = std::make_shared<QuantisedSite>(parts);
  EXPECT_THAT([&] { save(decoder, format(spec)); },
              ThrowsMessage<UserError>(AllOf(HasSubstr("spiral"), HasSubstr("blocks.1.attention.qkv"))));
  decoder.blocks[1].sites[0] = nullptr;
  EXPECT_THAT([&] { save(decoder, format(spec)); }, ThrowsMessage<UserError>(HasSubstr("not quantised")));
  EXPECT_FALSE(fs::exists(saved()));
}

// Saves a model, changes its tensors or its config.json, and gives what is then said.
class BrokenFolder : public SavedFolder {
 protected:
  std::string complaint(const std::function<void(TensorMap&)>& change,
                        const std::function<void(nlohmann::json&)>& change_config = nullptr) {
    const QuantSpec spec = {{4, false}, {4}, {4}, {4}};
    save(quantised(spec), format(spec), kShardBytes, /*replace=*/true);
    TensorMap tensors = SafetensorsFile(saved() / "model.safetensors").load_all();
    if (change) change(tensors);
    write_safetensors(saved() / "model.safetensors", tensors);
    auto config = read_json(saved() / "config.json");
    if (change_config) change_config(config["quantization_config"]);
    write_file_atomically(saved() / "config.json", config.dump());
    try {
      load();
    } catch (const UserError& error) {
      return error.what();
    }
    return "nothing";
  }
};

TEST_F(BrokenFolder, EveryMissingTensorIsNoticed) {
  EXPECT_EQ(complaint(nullptr), "nothing");
  const SafetensorsFile intact(saved() / "model.safetensors");
  for (const auto& [name, info] : intact.tensors()) {
    if (name.find("blocks.1.") != std::string::npos) continue;  // as block 0
    const std::string said = complaint([&, gone = name](TensorMap& tensors) { tensors.erase(gone); });
    EXPECT_NE(said, "nothing") << name;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  }
}

TEST_F(BrokenFolder, WrongShapesAndTypesAreNamed) {
  const std::string linear = "model.transformer.blocks.0.q_proj.", site = "freeact.blocks.0.attention.qkv.";
  const auto with = [&](const std::string& name, const at::Tensor& tensor) {
    return complaint([&](TensorMap& tensors) { tensors[name] = tensor; });
  };
  EXPECT_THAT(with(linear + "weight_packed", at::zeros({32, 3}, at::kInt)), HasSubstr("[32, 3], expected [32, 4]"));
  EXPECT_THAT(with(linear + "weight_packed", at::zeros({32, 4})), HasSubstr("I32"));
  EXPECT_THAT(with(linear + "weight_scale", at::ones({32, 2})), HasSubstr("expected [32, 1]"));
  EXPECT_THAT(with(linear + "weight_shape", at::tensor({32, 31}, at::kLong)), HasSubstr("weight_shape"));
  EXPECT_THAT(with(site + "mean", at::zeros({2, 31})), HasSubstr("attention.qkv"));
  EXPECT_THAT(with(site + "mean", at::zeros({1, 32})), HasSubstr("attention.qkv"));
  EXPECT_THAT(with(site + "transform1.left", at::eye(5)), HasSubstr("attention.qkv"));
  EXPECT_THAT(with(site + "transform0.kind", at::tensor({120}, at::kByte)), HasSubstr("attention.qkv"));
  EXPECT_THAT(with("freeact.blocks.0.kv.key_grid", at::zeros({}, at::kInt)), HasSubstr("blocks.0.kv"));
  EXPECT_THAT(with("freeact.blocks.0.surplus.one", at::ones({2})), HasSubstr("surplus.one"));
}

TEST_F(BrokenFolder, OtherDescriptionsAreNamed) {
  const auto with = [&](const std::function<void(nlohmann::json&)>& change) { return complaint(nullptr, change); };
  EXPECT_THAT(with([](auto& q) { q["freeact"]["format_version"] = 2; }), HasSubstr("version 2"));
  EXPECT_THAT(with([](auto& q) { q.erase("config_groups"); }), HasSubstr("config_groups"));
  EXPECT_THAT(with([](auto& q) { q["config_groups"]["decoder"]["weights"]["num_bits"] = 40; }), HasSubstr("num_bits"));
  EXPECT_THAT(with([](auto& q) { q["freeact"]["dtype"] = "bfloat16"; }), HasSubstr("model.dtype=bfloat16"));
  EXPECT_THAT(with([](auto& q) { q["freeact"]["dtype"] = 7; }), HasSubstr("quantization_config"));
}

TEST_F(SavedFolder, OtherReadersSayWhatItIs) {
  const QuantSpec spec = settings().front().spec;
  save(quantised(spec), format(spec));
  EXPECT_THAT([&] { load_decoder(CheckpointFolder(saved()), "", at::kFloat); },
              ThrowsMessage<UserError>(AllOf(HasSubstr("quantised"), HasSubstr("freeact generate"))));
}

}  // namespace
}  // namespace freeact
