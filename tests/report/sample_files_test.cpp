#include "report/sample_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "plausible_runs.h"
#include "report/render.h"
#include "report/report.h"
#include "report/samples_page.h"
#include "sample_scripts.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Two items of one task.
RunRecord answered(const std::string& method, uint64_t seed, const std::vector<Sample>& samples) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.metrics = {{"shapes", 1, "exact_match", "", 50, 0, 2, true, "%"}};
  run.samples = samples;
  return run;
}

Sample sample(int64_t index, const std::string& input, const std::string& output, double score) {
  return {"shapes", index, input, output, score};
}

class SampleFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "freeact_samples_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<GroupScripts> written(const std::vector<RunRecord>& runs) {
    auto store = Store::open_for_writing(folder_ / "results.db");
    for (const auto& run : runs) store.add(run);
    write_report(store, {.out_dir = folder_});
    return read_sample_scripts(folder_);
  }

  std::filesystem::path folder_;
};

// The text of a run's answer to an item, by the run's position.
std::string answer_text(const Json& item, size_t run) {
  for (const auto& answer : item.at("answers"))
    if (answer[0] == run) return item.at("texts").at(answer[2].get<size_t>());
  return "none";
}

TEST_F(SampleFiles, HaveEveryMethodsAnswerToAnItemSideBySide) {
  const auto groups = written({answered("none", 1, {sample(0, "a", "red", 1), sample(1, "b", "two", 1)}),
                               answered("rtn", 1, {sample(0, "a", "red", 1), sample(1, "b", "ten", 0)})});
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_THAT(groups[0].rows.at("marks"), ElementsAre("11", "10"));
  EXPECT_EQ(groups[0].rows.at("rows").at(0).at("label"), "16-bit");
  EXPECT_EQ(groups[0].rows.at("rows").at(1).at("label"), "RTN");
  EXPECT_EQ(answer_text(groups[0].texts[0], 1), "red");
  EXPECT_EQ(groups[0].texts[0].at("texts").size(), 1U);  // both answers are the same text
  EXPECT_EQ(answer_text(groups[0].texts[1], 0), "two");
  EXPECT_EQ(answer_text(groups[0].texts[1], 1), "ten");
}

TEST_F(SampleFiles, DoNotMixAnswersToOtherQuestionsUnderTheSameNumber) {
  const auto groups =
      written({answered("none", 1, {sample(0, "a", "red", 1)}), answered("rtn", 1, {sample(0, "b", "seven", 1)})});
  EXPECT_THAT(groups.at(0).rows.at("items"), ElementsAre(0, 0));
  for (const auto& item : groups[0].texts) EXPECT_EQ(item.at("answers").size(), 1U);
  for (const auto& marks : groups[0].rows.at("marks"))
    EXPECT_THAT(marks.get<std::string>(), testing::AnyOf("1-", "-1"));
}

TEST_F(SampleFiles, KeepRunsThatTheTablesLeaveOut) {
  RunRecord older = answered("rtn", 1, {sample(0, "a", "old", 0)});
  older.key = "older";
  const auto groups = written({older, answered("rtn", 1, {sample(0, "a", "new", 1)})});
  ASSERT_EQ(groups.at(0).rows.at("rows").size(), 2U);
  EXPECT_EQ(groups[0].rows.at("rows").at(1).at("label"), "RTN, superseded by a newer run");
  EXPECT_EQ(answer_text(groups[0].texts[0], 0), "old");
}

TEST_F(SampleFiles, ShowDetailsAndPicturesWhereThereAreAny) {
  RunRecord run = answered("rtn", 1, {sample(0, "a", "red", 0.5)});
  run.samples[0].details = SampleDetails{"a prompt", "it is red", "{}", 7, 3, 0.5};
  run.gallery = {{"shapes", 0, "a", "what colour?", "red", "bytes"}};
  run.unmaskings = {{"shapes", 0, {{"red", 2}}}};
  const auto groups = written({run});
  const Json& item = groups.at(0).texts.at(0);
  EXPECT_EQ(item.at("question"), "what colour?");
  EXPECT_EQ(item.at("picture"), base64("bytes"));
  const Json& answer = item.at("answers").at(0);
  EXPECT_EQ(item.at("texts").at(answer.at(3).get<size_t>()), "a prompt");
  EXPECT_EQ(item.at("texts").at(answer.at(4).get<size_t>()), "it is red");
  EXPECT_EQ(answer.at(6), 7);
  EXPECT_EQ(answer.at(7), 3);
  EXPECT_EQ(answer.at(8).dump(), R"([["red",2]])");
  EXPECT_THAT(groups[0].rows.at("marks"), ElementsAre("p"));
}

TEST_F(SampleFiles, LikelihoodsHaveNoMarksAndBrokenTextIsStillText) {
  RunRecord run = answered("rtn", 1, {sample(0, "a", "\xff</script>", 1)});
  run.metrics[0].unit = "nats";
  const auto groups = written({run});
  EXPECT_THAT(groups.at(0).rows.at("marks"), ElementsAre("?"));
  EXPECT_EQ(answer_text(groups[0].texts[0], 0), "\xef\xbf\xbd</script>");
}

TEST_F(SampleFiles, OfAnEarlierReportGoAwayAndOthersStay) {
  std::filesystem::create_directories(folder_ / "samples");
  for (const char* name : {"samples/41_3.js", "samples/notes.js"}) write_file_atomically(folder_ / name, "old");
  written({answered("rtn", 1, {sample(0, "a", "red", 1)})});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "samples/41_3.js"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "samples/notes.js"));
}

TEST_F(SampleFiles, TheReportLinksToTheBrowserOfTheSamplesItHas) {
  written({answered("rtn", 1, {sample(0, "a", "red", 1), sample(1, "b", "two", 1)})});
  EXPECT_THAT(read_file(folder_ / "report.html"), HasSubstr("<a href=\"samples.html\">Browse the 2 samples"));
  EXPECT_THAT(read_file(folder_ / "configurations.txt"), HasSubstr(": run 1\n"));
}

TEST(SamplesPage, TakesNothingFromTheNetwork) {
  EXPECT_THAT(samples_page(), Not(HasSubstr("//cdn")));
  EXPECT_THAT(samples_page(), Not(testing::ContainsRegex("(src|href)=.https?:")));
  EXPECT_THAT(samples_page(), Not(HasSubstr("innerHTML")));  // texts of models never become markup
}

}  // namespace
}  // namespace freeact
