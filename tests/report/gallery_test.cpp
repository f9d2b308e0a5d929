#include "report/gallery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "plausible_runs.h"
#include "report/render.h"
#include "report/report.h"
#include "util/files.h"
#include "xml_balance.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// The beginning of a PNG file, up to width and height.
std::string png_head(unsigned char width, unsigned char height) {
  std::string head("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0w\0\0\0h", 24);
  head[19] = static_cast<char>(width);
  head[23] = static_cast<char>(height);
  return head;
}

// One item that shows a red square.
RunRecord answered(const std::string& method, uint64_t seed, const std::string& output, double score) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.metrics = {{"shapes", 1, "exact_match", "", 100 * score, 0, 1, true, "%"}};
  run.samples = {{"shapes", 0, "h0", output, score}};
  run.gallery = {{"shapes", 0, "h0", "what colour?", "red", png_head(64, 48)}};
  return run;
}

std::vector<Run> numbered(const std::vector<RunRecord>& records) {
  std::vector<Run> runs;
  for (const auto& record : records) runs.push_back(make_run(std::ssize(runs) + 1, record));
  return runs;
}

Gallery only_gallery(const std::vector<RunRecord>& records) {
  const auto runs = numbered(records);
  const auto settings = make_settings(runs);
  const auto all = galleries(settings.at(0));
  return all.size() == 1 ? all[0] : Gallery{};
}

TEST(Gallery, ShowsTheFirstSeedsAnswersInTheOrderOfTheTables) {
  const Gallery gallery = only_gallery({answered("freeact", 1, "red", 1), answered("rtn", 2, "green", 0),
                                        answered("rtn", 1, "blue", 0), answered("none", 1, "red", 1)});
  ASSERT_EQ(gallery.cards.size(), 1U);
  const auto& answers = gallery.cards[0].answers;
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].method, "16-bit");
  EXPECT_EQ(answers[1].method, "RTN");
  EXPECT_EQ(answers[1].text, "blue");
  EXPECT_EQ(answers[1].mark, Mark::kWrong);
  EXPECT_EQ(answers[2].method, "FreeAct");
  EXPECT_EQ(answers[2].mark, Mark::kRight);
}

TEST(Gallery, DoesNotShowTheAnswerToAnotherQuestionUnderTheSameNumber) {
  RunRecord other = answered("rtn", 1, "seven", 1);
  other.samples[0].input_hash = "another question";
  const Gallery gallery = only_gallery({answered("none", 1, "red", 1), other});
  EXPECT_EQ(gallery.cards.at(0).answers.at(1).text, "–");
  EXPECT_EQ(gallery.cards.at(0).answers.at(1).mark, Mark::kNone);
}

TEST(Gallery, ShowsTwelveItemsAtMostFromTheFirstOn) {
  RunRecord run = answered("none", 1, "red", 1);
  run.gallery.clear();
  for (int64_t i = 20; i > 0; --i) run.gallery.push_back({"shapes", i, "h", "q", "a", ""});
  const Gallery gallery = only_gallery({run});
  ASSERT_EQ(gallery.cards.size(), 12U);
  EXPECT_EQ(gallery.cards.front().title, "Item 1");
  EXPECT_EQ(gallery.cards.back().title, "Item 12");
}

TEST(Gallery, LongAnswersAreCutBetweenCharactersAndControlCharactersAreSpaces) {
  std::string babble = "\x01";
  for (int i = 0; i < 100; ++i) babble += "ü";
  const auto answer = only_gallery({answered("rtn", 1, babble, 0)}).cards.at(0).answers.at(0);
  EXPECT_EQ(answer.text.size(), 159 + std::string("…").size());  // a space and 79 of the two-byte letters
  EXPECT_TRUE(answer.text.starts_with(" ü"));
  EXPECT_THAT(answer.text, HasSubstr("üü…"));
  EXPECT_THAT(answer.tooltip, AllOf(HasSubstr("seed 1"), HasSubstr(babble.substr(1))));
}

TEST(Gallery, HtmlHasThePictureAtAWholeFactorAndMarksThatNeedNoColour) {
  const std::string html = render_html(
      only_gallery({answered("none", 1, "red", 1), answered("rtn", 1, "<b>", 0), answered("quarot", 1, "", 0.5)}));
  EXPECT_EQ(markup_fault(html), "");
  EXPECT_THAT(html, HasSubstr("class=\"pixels\" width=\"192\" height=\"144\""));
  EXPECT_THAT(html, HasSubstr("src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAAAw\""));
  EXPECT_THAT(html, HasSubstr("<b title=\"right\">✓</b> red"));
  EXPECT_THAT(html, HasSubstr("<b title=\"wrong\">✗</b> &lt;b&gt;"));
  EXPECT_THAT(html, HasSubstr("<b title=\"partly right\">~</b> <small>nothing</small>"));
}

TEST(Gallery, Base64IsPaddedAtEveryLength) {
  const auto source = [](const std::string& tail) {
    RunRecord run = answered("none", 1, "red", 1);
    run.gallery[0].image_png = png_head(250, 1) + tail;
    return render_html(only_gallery({run}));
  };
  EXPECT_THAT(source("\xff"), AllOf(HasSubstr("AAAAB/w==\""), Not(HasSubstr("pixels"))));
  EXPECT_THAT(source("\xff\xfe"), HasSubstr("AAAAB//4=\""));
  EXPECT_THAT(source("\xff\xfe\xfd"), HasSubstr("AAAAB//79\""));
}

TEST(Gallery, BytesThatAreNoPngAreNoPicture) {
  RunRecord run = answered("none", 1, "red", 1);
  for (const auto& bytes : {std::string(), std::string("GIF89a"), png_head(8, 8).substr(0, 20), png_head(0, 0)}) {
    run.gallery[0].image_png = bytes;
    EXPECT_THAT(render_html(only_gallery({run})), AllOf(HasSubstr("no picture"), Not(HasSubstr("<img"))));
  }
}

class GalleryReport : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "freeact_gallery_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::vector<RunRecord>& runs) {
    auto store = Store::open_for_writing(folder_ / "results.db");
    for (const auto& run : runs) store.add(run);
    write_report(store, {.out_dir = folder_});
  }
  std::string text(const char* file) const { return read_file(folder_ / file); }

  std::filesystem::path folder_;
};

TEST_F(GalleryReport, IsInEveryFormatThatHasARoomForIt) {
  write({answered("none", 1, "red", 1), answered("rtn", 1, "a|b", 0)});
  EXPECT_EQ(markup_fault(text("report.html"), {"meta"}), "");
  EXPECT_THAT(text("report.html"), HasSubstr(">Gallery</h2>\n<figure id=\"gallery_shapes_W4A4\">"));
  EXPECT_THAT(text("report.md"), HasSubstr("| Item 0 | what colour? | red | ✓ red | ✗ a\\|b |\n"));
  EXPECT_THAT(text("tables/gallery_shapes_W4A4.csv"), HasSubstr("Item 0,what colour?,red,✓ red,✗ a|b\r\n"));
}

TEST_F(GalleryReport, IsNotThereWithoutItems) {
  write(plausible_runs());
  EXPECT_THAT(text("report.html"), Not(HasSubstr("Gallery")));
  EXPECT_THAT(text("report.md"), Not(HasSubstr("Gallery")));
}

}  // namespace
}  // namespace freeact
