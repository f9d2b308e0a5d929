#include <gmock/gmock.h>

#include "image/image.h"
#include "image/images.h"

namespace freeact {
namespace {

using namespace std::string_literals;
using test::encode_jpeg;
using test::encode_png;
using test::gradient;
using test::PngForm;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<int> levels(const at::Tensor& image) {
  const at::Tensor flat = image.reshape(-1).to(at::kInt);
  return {flat.data_ptr<int>(), flat.data_ptr<int>() + flat.numel()};
}

std::vector<int> decoded(int width, const std::string& row, const PngForm& form) {
  return levels(decode_image(encode_png(width, 1, row, form), "row.png"));
}

PngForm form_of(int colour, int depth) {
  PngForm form;
  form.colour = colour;
  form.depth = depth;
  return form;
}

std::string refusal_of(const std::string& bytes, int64_t max_pixels = kMaxImagePixels) {
  return message_of<UserError>([&] { decode_image(bytes, "photo.x", max_pixels); });
}

TEST(DecodePng, RgbComesBackPlainAndInterlaced) {
  const at::Tensor image = gradient(13, 21);
  EXPECT_TRUE(at::equal(decode_image(encode_png(image), "a"), image));
  EXPECT_TRUE(at::equal(decode_image(encode_png(image, /*interlaced=*/true), "a"), image));
}

TEST(DecodePng, GreyOfFewBitsIsStretched) {
  EXPECT_THAT(decoded(3, "\x1b"s, form_of(PNG_COLOR_TYPE_GRAY, 2)), ElementsAre(0, 0, 0, 85, 85, 85, 170, 170, 170));
  EXPECT_THAT(decoded(2, "\x40"s, form_of(PNG_COLOR_TYPE_GRAY, 1)), ElementsAre(0, 0, 0, 255, 255, 255));
  EXPECT_THAT(decoded(2, "\x5b"s, form_of(PNG_COLOR_TYPE_GRAY, 4)), ElementsAre(85, 85, 85, 187, 187, 187));
}

TEST(DecodePng, AlphaIsDroppedNotBlended) {
  EXPECT_THAT(decoded(1, "\x0a\x14\x1e\x00"s, form_of(PNG_COLOR_TYPE_RGBA, 8)), ElementsAre(10, 20, 30));
  EXPECT_THAT(decoded(1, "\x0a\x00"s, form_of(PNG_COLOR_TYPE_GRAY_ALPHA, 8)), ElementsAre(10, 10, 10));
}

TEST(DecodePng, PaletteWithTransparencyKeepsItsColours) {
  PngForm form = form_of(PNG_COLOR_TYPE_PALETTE, 8);
  form.palette = "\1\2\3\4\5\6"s;
  form.alphas = "\0\x80"s;
  EXPECT_THAT(decoded(2, "\1\0"s, form), ElementsAre(4, 5, 6, 1, 2, 3));
}

// Pillow's own numbers: the high byte, but plain grey is cut off at 255.
TEST(DecodePng, SixteenBits) {
  EXPECT_THAT(decoded(1, "\x12\xff\0\x64\xff\xfe"s, form_of(PNG_COLOR_TYPE_RGB, 16)), ElementsAre(18, 0, 255));
  EXPECT_THAT(decoded(1, "\x12\x80\0\x64"s, form_of(PNG_COLOR_TYPE_GRAY_ALPHA, 16)), ElementsAre(18, 18, 18));
  EXPECT_THAT(decoded(3, "\0\x64\0\xff\x9c\x40"s, form_of(PNG_COLOR_TYPE_GRAY, 16)),
              ElementsAre(100, 100, 100, 255, 255, 255, 255, 255, 255));
}

TEST(DecodeJpeg, RgbGreyAndProgressive) {
  const at::Tensor image = gradient(40, 56);
  const auto error = [&](const at::Tensor& got, const at::Tensor& wanted) {
    return (got.to(at::kInt) - wanted.to(at::kInt)).abs().max().item<int>();
  };
  const at::Tensor plain = decode_image(encode_jpeg(image), "a");
  EXPECT_LE(error(plain, image), 12);
  EXPECT_TRUE(at::equal(decode_image(encode_jpeg(image, /*progressive=*/true), "a"), plain));
  const at::Tensor grey = image.slice(2, 0, 1);
  EXPECT_LE(error(decode_image(encode_jpeg(grey), "a"), grey.expand({-1, -1, 3})), 6);
}

// Stored inverted: 255 is no ink. The last place is as Pillow rounds it.
TEST(DecodeJpeg, CmykIsTakenForInverted) {
  const auto colour = [](int c, int m, int y, int k) {
    const at::Tensor pixel = at::tensor({c, m, y, k}, at::kInt).to(at::kByte);
    return levels(decode_image(encode_jpeg(pixel.expand({8, 8, 4})), "a")[3][3]);
  };
  EXPECT_THAT(colour(255, 255, 255, 255), ElementsAre(255, 255, 255));
  EXPECT_THAT(colour(100, 255, 0, 255), ElementsAre(100, 255, 0));
  EXPECT_THAT(colour(100, 255, 0, 51), ElementsAre(20, 51, 0));
  EXPECT_THAT(colour(200, 200, 200, 0), ElementsAre(0, 0, 0));
}

TEST(Decode, EveryTruncationIsRefused) {
  const at::Tensor image = gradient(19, 23);
  for (const std::string& whole : {encode_png(image), encode_png(image, true), encode_jpeg(image),
                                   encode_jpeg(image, true), encode_jpeg(image.slice(2, 0, 1))}) {
    for (size_t size = 0; size < whole.size(); size += 7)
      EXPECT_THAT(refusal_of(whole.substr(0, size)), HasSubstr("photo.x")) << size << " of " << whole.size();
    EXPECT_THAT(refusal_of(whole.substr(0, whole.size() - 1)), HasSubstr("truncated"));
    EXPECT_THAT(refusal_of(whole.substr(0, whole.size() / 2)), HasSubstr("truncated"));
  }
}

TEST(Decode, DamagedBytesNeverDoWorseThanRefuse) {
  for (const std::string& whole : {encode_png(gradient(9, 11)), encode_jpeg(gradient(9, 11), true)}) {
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      try {
        EXPECT_EQ(decode_image(damaged, "a", 100'000).size(2), 3);
      } catch (const UserError&) {  // right as well
      }
    }
  }
}

TEST(Decode, OtherFilesAreNamed) {
  EXPECT_THAT(refusal_of(""), HasSubstr("an empty file"));
  EXPECT_THAT(refusal_of("GIF89a..."), HasSubstr("a GIF"));
  EXPECT_THAT(refusal_of("# notes"), HasSubstr("PNG or JPEG"));
}

TEST(Decode, PixelLimitAndNoPixels) {
  const at::Tensor image = gradient(10, 20);
  for (const std::string& bytes : {encode_png(image), encode_jpeg(image)}) {
    EXPECT_THAT(refusal_of(bytes, 199), AllOf(HasSubstr("20 x 10"), HasSubstr("limit of 199")));
    EXPECT_EQ(decode_image(bytes, "a", 200).size(0), 10);
  }
  std::string empty = encode_png(image), bomb = empty;
  empty.replace(16, 4, 4, '\0');
  EXPECT_THAT(refusal_of(empty), HasSubstr("has no pixels"));
  bomb.replace(16, 8, "\x7f\xff\xff\xff\x7f\xff\xff\xff");
  EXPECT_THAT(refusal_of(bomb), HasSubstr("limit"));
}

TEST(Decode, OnePixelAndExtremeAspect) {
  for (const auto& [height, width] : {std::pair{1, 1}, std::pair{1, 5000}, std::pair{5000, 1}}) {
    const at::Tensor image = gradient(height, width);
    EXPECT_TRUE(at::equal(decode_image(encode_png(image, true), "a"), image));
    EXPECT_EQ(decode_image(encode_jpeg(image), "a").sizes(), image.sizes());
  }
}

TEST(Decode, MissingFileIsNamed) {
  EXPECT_THAT(message_of<UserError>([] { read_image("no/such.png"); }), HasSubstr("no/such.png"));
}

}  // namespace
}  // namespace freeact
