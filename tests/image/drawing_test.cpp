#include "image/drawing.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <set>
#include <string>

#include "image/bitmap_font.h"
#include "image/picture.h"
#include "util/error.h"

namespace freeact {
namespace {

// '#' where the first channel is dark, rows with a space between them.
std::string dark_pixels(const at::Tensor& rgb_HWC) {
  std::string text;
  for (int64_t y = 0; y < rgb_HWC.size(0); ++y) {
    if (y > 0) text += ' ';
    for (int64_t x = 0; x < rgb_HWC.size(1); ++x) text += rgb_HWC[y][x][0].item<int>() < 128 ? '#' : '.';
  }
  return text;
}

TEST(Drawing, ShapesHaveTheirCentreAndReach) {
  EXPECT_EQ(dark_pixels(draw_image("5x5 white; circle black 2 2 1")), "..... ..#.. .###. ..#.. .....");
  EXPECT_EQ(dark_pixels(draw_image("5x5 white; square black 2 2 1")), "..... .###. .###. .###. .....");
  EXPECT_EQ(dark_pixels(draw_image("5x5 white; diamond black 2 2 2")), "..#.. .###. ##### .###. ..#..");
  EXPECT_EQ(dark_pixels(draw_image("5x5 white; triangle black 2 2 2")), "..#.. ..#.. .###. .###. #####");
  EXPECT_EQ(dark_pixels(draw_image("7x7 white; cross black 3 3 3")),
            "..###.. ..###.. ####### ####### ####### ..###.. ..###..");
}

TEST(Drawing, LaterStatementsLieOverEarlierOnesAndWhatIsOutsideIsCutOff) {
  EXPECT_EQ(dark_pixels(draw_image("4x3 white; bar black 1 1 9 9; square white 3 2 0")), ".... .### .##.");
}

TEST(Drawing, ColoursAreNamedOrNumbers) {
  const at::Tensor pixel = draw_image("1x1 #0a80ff")[0][0];
  EXPECT_TRUE(at::equal(pixel, at::tensor({10, 128, 255}, at::kByte)));
  EXPECT_TRUE(at::equal(draw_image("1x1 red"), draw_image("1x1 #ff0000")));
}

TEST(Drawing, TextIsMadeOfTheFontsDotsInAnySize) {
  EXPECT_EQ(dark_pixels(draw_image("5x7 white; text black 0 0 1 K")), glyph('K'));
  const at::Tensor small = draw_image("11x7 white; text black 0 0 1 K7");
  const at::Tensor large = draw_image("22x14 white; text black 0 0 2 K7");
  EXPECT_TRUE(at::equal(small, large.slice(0, 0, {}, 2).slice(1, 0, {}, 2)));
  EXPECT_TRUE(at::equal(small, large.slice(0, 1, {}, 2).slice(1, 1, {}, 2)));
  EXPECT_EQ(dark_pixels(small.slice(1, 6)), glyph('7'));
}

TEST(Drawing, EveryLetterAndDigitLooksDifferent) {
  std::set<std::string_view> seen;
  for (const char character : std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")) {
    EXPECT_EQ(glyph(character).size(), static_cast<size_t>(kGlyphHeight * (kGlyphWidth + 1) - 1)) << character;
    EXPECT_TRUE(seen.insert(glyph(character)).second) << character;
  }
}

TEST(Drawing, FaultsNameTheStatementAndTheWord) {
  const auto refused = [](const std::string& spec, const std::string& text) {
    EXPECT_THAT([&] { draw_image(spec); }, testing::ThrowsMessage<UserError>(testing::HasSubstr(text))) << spec;
  };
  refused("", "words instead of 2");
  refused("64 white", "WIDTHxHEIGHT");
  refused("0x4 white", "'0' where a whole number from 1 to 1024");
  refused("4x4 wite", "did you mean 'white'");
  refused("4x4 #12345g", "'5g'");
  refused("4x4 white; cirle red 1 1 1", "did you mean 'circle'");
  refused("4x4 white; circle red 1 1", "'circle red 1 1' has 4 words instead of 5");
  refused("4x4 white; circle red -1 1 1", "'-1'");
  refused("4x4 white; circle red 99999999999 1 1", "'99999999999'");
  refused("4x4 white; text red 0 0 1 a", "only A-Z and 0-9");
  refused("4x4 white;circle red 1 1 1", "words instead of 2");
}

TEST(Picture, AReferenceIsADrawingOrAFileOfTheDataSet) {
  EXPECT_TRUE(at::equal(load_picture("/nowhere", "draw:2x2 teal"), draw_image("2x2 teal")));
  EXPECT_THAT([] { load_picture("/nowhere", "images/1.png"); },
              testing::ThrowsMessage<UserError>(testing::HasSubstr("/nowhere/images/1.png")));
}

}  // namespace
}  // namespace freeact
