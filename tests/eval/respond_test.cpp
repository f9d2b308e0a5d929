#include "eval/respond.h"

#include <gmock/gmock.h>

#include "fixtures.h"
#include "util/error.h"
#include "util/out_of_memory.h"

namespace freeact {
namespace {

TEST(OutOfMemory, IsToldFromOtherFaults) {
  try {
    at::empty({int64_t{1} << 50});
    FAIL() << "a pebibyte was there";
  } catch (const std::exception& error) {
    EXPECT_TRUE(is_out_of_memory(error)) << error.what();
  }
  EXPECT_TRUE(is_out_of_memory(std::bad_alloc()));
  EXPECT_FALSE(is_out_of_memory(UserError("the prompt is empty")));
}

class RespondTest : public testing::Test {
 protected:
  RespondTest() { settings_.generation.max_new_tokens = 3; }
  std::vector<Response> respond_to(const std::vector<std::string>& texts) {
    const Respondent respondent = {settings_, model_, tokenizer_, nullptr, 1, log_, [&](size_t done) { done_ = done; }};
    return respond(respondent, texts.size(), [&](size_t i) { return Ask{texts[i], {}, {}, "place"}; });
  }

  const Tokenizer tokenizer_ = byte_tokenizer(test_folder());
  const Decoder model_ = constant_model(tokenizer_, {{"a", 0.9}, {"b", 0.1}});
  EvalTaskSettings settings_;
  ResponseLog log_;
  size_t done_ = 0;
};

TEST_F(RespondTest, ResponsesComeInTheOrderOfTheQuestionsWhateverTheBatches) {
  settings_.batch_size = 2;
  const auto responses = respond_to({"long question", "q", "question"});
  ASSERT_EQ(responses.size(), 3U);
  for (const Response& response : responses) EXPECT_EQ(tokenizer_.decode(response.ids), "aaa");
  EXPECT_EQ(responses[0].steps, 3);
  EXPECT_EQ(done_, 3U);
}

TEST_F(RespondTest, AnEmptyPromptIsNamedByItsPlace) {
  EXPECT_THAT([&] { respond_to({""}); }, testing::ThrowsMessage<UserError>(testing::HasSubstr("place: ")));
}

}  // namespace
}  // namespace freeact
