#include "checkpoint/folder.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "checkpoint/temporary_folder.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Folder : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    write_file_atomically(folder_ / "config.json", R"({"model_type":"tiny"})");
  }
  void write_index(const nlohmann::json& map) const {
    write_file_atomically(folder_ / "model.safetensors.index.json", nlohmann::json{{"weight_map", map}}.dump());
  }
  std::string refusal() const {
    return message_of<UserError>([&] { CheckpointFolder opened(folder_); });
  }
};

TEST_F(Folder, OneFile) {
  write_safetensors(folder_ / "model.safetensors", {{"a", at::arange(3)}});
  const CheckpointFolder folder(folder_);
  EXPECT_TRUE(at::equal(folder.tensor("a"), at::arange(3)));
  EXPECT_EQ(folder.config().at("model_type"), "tiny");
  EXPECT_THAT(message_of<UserError>([&] { folder.tensor("b"); }), HasSubstr("'b'"));
}

TEST_F(Folder, ShardsByTheirIndex) {
  write_safetensors(folder_ / "one.safetensors", {{"a", at::arange(3)}});
  write_safetensors(folder_ / "two.safetensors", {{"b", at::arange(4)}, {"c", at::arange(5)}});
  write_index({{"a", "one.safetensors"}, {"b", "two.safetensors"}, {"c", "two.safetensors"}});
  const CheckpointFolder folder(folder_);
  EXPECT_TRUE(at::equal(folder.tensor("a"), at::arange(3)));
  EXPECT_TRUE(at::equal(folder.tensor("c"), at::arange(5)));
}

TEST_F(Folder, AnIndexThatPromisesAnAbsentTensorIsRefused) {
  write_safetensors(folder_ / "one.safetensors", {{"a", at::arange(3)}});
  write_index({{"a", "one.safetensors"}, {"ghost", "one.safetensors"}});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("'ghost'"), HasSubstr("one.safetensors")));
}

TEST_F(Folder, AnIndexThatPointsToTheWrongShardIsRefused) {
  write_safetensors(folder_ / "one.safetensors", {{"a", at::arange(3)}});
  write_safetensors(folder_ / "two.safetensors", {{"b", at::arange(3)}});
  write_index({{"a", "two.safetensors"}, {"b", "one.safetensors"}});
  EXPECT_THAT(refusal(), HasSubstr("'a'"));
}

TEST_F(Folder, AMissingShardIsRefused) {
  write_index({{"a", "absent.safetensors"}});
  EXPECT_THAT(refusal(), HasSubstr("absent.safetensors"));
}

TEST_F(Folder, ATensorInTwoShardsIsRefused) {
  write_safetensors(folder_ / "one.safetensors", {{"a", at::arange(3)}});
  write_safetensors(folder_ / "two.safetensors", {{"a", at::arange(3)}, {"b", at::arange(3)}});
  write_index({{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("'a'"), HasSubstr("two of the files")));
}

TEST_F(Folder, BrokenIndicesAreTheUsersError) {
  write_safetensors(folder_ / "one.safetensors", {{"a", at::arange(3)}});
  for (const char* text : {"{", "[]", R"({"weight_map":[1]})", R"({"weight_map":{"a":1}})", R"({"weight_map":"a"})",
                           R"({"weight_map":{"a":"one.safetensors","a":"one.safetensors"}})",
                           R"({"weight_map":{"a":"../one.safetensors"}})", R"({"weight_map":{"a":"/dev/zero"}})",
                           R"({"weight_map":{"a":""}})", R"({"weight_map":{"a":".."}})"}) {
    write_file_atomically(folder_ / "model.safetensors.index.json", text);
    EXPECT_THAT(refusal(), HasSubstr("index.json")) << text;
  }
}

TEST_F(Folder, MissingPartsAreNamed) {
  EXPECT_THAT(refusal(), HasSubstr("model.safetensors"));
  std::filesystem::remove(folder_ / "config.json");
  EXPECT_THAT(refusal(), HasSubstr("config.json"));
  EXPECT_THAT(message_of<UserError>([&] { CheckpointFolder(folder_ / "absent"); }), HasSubstr("absent"));
}

TEST_F(Folder, OneMessageListsAllThatDoesNotFit) {
  write_safetensors(folder_ / "model.safetensors",
                    {{"good", at::zeros({2, 3})}, {"turned", at::zeros({3, 2})}, {"extra", at::zeros({1})}});
  const CheckpointFolder folder(folder_);
  const std::string text = message_of<UserError>([&] {
    folder.check({{"good", {2, 3}}, {"turned", {2, 3}}, {"lost", {7}}, {"gone", {7}}});
  });
  EXPECT_THAT(text, AllOf(HasSubstr("missing lost, gone"), HasSubstr("surplus extra"),
                          HasSubstr("turned is [3, 2], expected [2, 3]"), Not(HasSubstr("good"))));
  EXPECT_NO_THROW(folder.check({{"good", {2, 3}}, {"turned", {3, 2}}, {"extra", {1}}}));
}

TEST_F(Folder, NumbersThatAreNoFloatsDoNotFit) {
  write_safetensors(folder_ / "model.safetensors",
                    {{"packed", at::zeros({2}, at::kInt)}, {"fine", at::zeros({2}, at::kHalf)}});
  const std::string text = message_of<UserError>([&] {
    CheckpointFolder(folder_).check({{"packed", {2}}, {"fine", {2}}});
  });
  EXPECT_THAT(text, AllOf(HasSubstr("packed holds I32"), Not(HasSubstr("fine"))));
}

TEST_F(Folder, ConfigsThatAreNoJsonAreRefused) {
  write_safetensors(folder_ / "model.safetensors", {{"a", at::zeros({2})}});
  for (const std::string& text : {std::string("{\"a\":"), std::string("{\"a\":1e999}"), std::string(100'000, '[')}) {
    write_file_atomically(folder_ / "config.json", text);
    EXPECT_THAT(refusal(), HasSubstr("config.json")) << text.substr(0, 20);
  }
}

TEST_F(Folder, TheHashFollowsConfigAndWeights) {
  write_safetensors(folder_ / "model.safetensors", {{"a", at::zeros({2})}});
  const std::string before = CheckpointFolder(folder_).hash();
  EXPECT_EQ(CheckpointFolder(folder_).hash(), before);
  write_safetensors(folder_ / "model.safetensors", {{"a", at::ones({2})}});
  const std::string other_weights = CheckpointFolder(folder_).hash();
  EXPECT_NE(other_weights, before);
  write_file_atomically(folder_ / "config.json", R"({"model_type":"other"})");
  EXPECT_NE(CheckpointFolder(folder_).hash(), other_weights);
}

}  // namespace
}  // namespace freeact
