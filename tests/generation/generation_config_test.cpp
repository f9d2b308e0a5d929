#include "generation/generation_config.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "util/error.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class GenerationConfigFile : public testing::Test {
 protected:
  GenerationConfig read(const std::string& text) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "generation_config.json") << text;
    return read_generation_config(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / fmt::format("gen_{}", ::getpid());
};

TEST_F(GenerationConfigFile, StatesStopsAndPenalty) {
  const auto config = read(R"({"eos_token_id": [7, 9], "repetition_penalty": 1.05, "temperature": 1e-6})");
  EXPECT_THAT(config.stop_ids, ElementsAre(7, 9));
  EXPECT_EQ(config.repetition_penalty, 1.05);
  EXPECT_THAT(read(R"({"eos_token_id": 3})").stop_ids, ElementsAre(3));
}

TEST_F(GenerationConfigFile, MayBeSilentOrMissing) {
  const auto silent = read(R"({"eos_token_id": null})");
  EXPECT_TRUE(silent.stop_ids.empty());
  EXPECT_EQ(silent.repetition_penalty, 1);
  EXPECT_TRUE(read_generation_config(folder_ / "nowhere").stop_ids.empty());
}

TEST_F(GenerationConfigFile, OtherValuesAreRefused) {
  EXPECT_THAT([&] { read(R"({"eos_token_id": "</s>"})"); }, ThrowsMessage<UserError>(HasSubstr("eos_token_id")));
  EXPECT_THAT([&] { read(R"({"eos_token_id": [1, -1]})"); }, ThrowsMessage<UserError>(HasSubstr("eos_token_id")));
  EXPECT_THAT([&] { read(R"({"repetition_penalty": 0})"); }, ThrowsMessage<UserError>(HasSubstr("repetition_penalty")));
  EXPECT_THAT([&] { read("[1]"); }, ThrowsMessage<UserError>(HasSubstr("no object")));
}

}  // namespace
}  // namespace freeact
