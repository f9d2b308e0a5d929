#include "model/multi_axis_positions.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "message_of.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::HasSubstr;

constexpr int64_t kImage = 9;

at::Tensor grids_of(const std::vector<int64_t>& rows_and_columns) {
  return at::tensor(rows_and_columns, at::kLong).view({-1, 2});
}

at::Tensor positions(const std::vector<int64_t>& ids, const std::vector<int64_t>& grids) {
  return multi_axis_positions(at::tensor(ids, at::kLong), kImage, grids_of(grids));
}

std::string refusal(const std::vector<int64_t>& ids, const std::vector<int64_t>& grids) {
  return message_of<UserError>([&] { positions(ids, grids); });
}

void expect_axes(const at::Tensor& got, const std::vector<std::vector<int64_t>>& axes) {
  ASSERT_EQ(got.sizes(), (std::vector<int64_t>{3, 1, static_cast<int64_t>(axes[0].size())}));
  for (int64_t axis = 0; axis < 3; ++axis)
    EXPECT_TRUE(at::equal(got[axis][0], at::tensor(axes[static_cast<size_t>(axis)], at::kLong))) << "axis " << axis;
}

TEST(MultiAxisPositions, TextCountsOnAllAxes) {
  expect_axes(positions({5, 6, 7}, {}), {{0, 1, 2}, {0, 1, 2}, {0, 1, 2}});
  EXPECT_EQ(positions({}, {}).sizes(), (std::vector<int64_t>{3, 1, 0}));
}

TEST(MultiAxisPositions, TextGoesOnBehindTheLongerSideOfAPicture) {
  expect_axes(positions({1, 9, 9, 9, 9, 9, 9, 2, 3}, {2, 3}), {{0, 1, 1, 1, 1, 1, 1, 4, 5},  //
                                                               {0, 1, 1, 1, 2, 2, 2, 4, 5},  //
                                                               {0, 1, 2, 3, 1, 2, 3, 4, 5}});
}

TEST(MultiAxisPositions, PicturesMayOpenEndAndFollowEachOther) {
  expect_axes(positions({9, 9, 9, 1, 9}, {3, 1, 1, 1}), {{0, 0, 0, 3, 4}, {0, 1, 2, 3, 4}, {0, 0, 0, 3, 4}});
  expect_axes(positions({9, 9, 9, 9}, {1, 2, 2, 1}), {{0, 0, 2, 2}, {0, 0, 2, 3}, {0, 1, 2, 2}});
}

TEST(MultiAxisPositions, IdsAndGridsMustMatch) {
  EXPECT_THAT(refusal({1, 9, 9, 1}, {2, 2}), HasSubstr("2 image tokens from position 1 on, but the picture there has"));
  EXPECT_THAT(refusal({1, 9, 9}, {2, 2}), HasSubstr("2 x 2 tokens"));
  EXPECT_THAT(refusal({1, 9, 9, 9}, {1, 2}), HasSubstr("image tokens at position 3, but there are only 1 pictures"));
  EXPECT_THAT(refusal({1, 9}, {}), HasSubstr("only 0 pictures"));
  EXPECT_THAT(refusal({1, 9, 1}, {1, 1, 2, 2}), HasSubstr("2 pictures, but the prompt has image tokens for 1 only"));
  EXPECT_THAT(refusal({9, 9}, {0, 2}), HasSubstr("0 x 2"));
  EXPECT_THAT(refusal({9, 9}, {-1, -2}), HasSubstr("-1 x -2"));
  EXPECT_THAT(refusal({9, 9}, {int64_t{1} << 32, int64_t{1} << 32}), HasSubstr("2 image tokens"));
}

TEST(PromptPositions, AreOnThreeAxesOnlyForAModelThatHasThem) {
  DecoderConfig config;
  config.feature_id = kImage;
  const at::Tensor ids_BT = at::tensor({int64_t{5}, kImage, kImage}, at::kLong).unsqueeze(0);
  EXPECT_FALSE(prompt_positions(config, ids_BT, {}).defined()) << "tiles have no grids";
  config.rope_sections = {1, 1, 2};
  const at::Tensor grids = at::tensor({1, 2}, at::kLong).view({1, 2});
  EXPECT_TRUE(at::equal(prompt_positions(config, ids_BT, grids), multi_axis_positions(ids_BT[0], kImage, grids)));
}

}  // namespace
}  // namespace freeact
