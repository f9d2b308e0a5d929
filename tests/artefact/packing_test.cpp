// Codes in words, as compressed-tensors packs them.
#include "artefact/packing.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "util/error.h"

namespace freeact {
namespace {

TEST(Packing, FollowsTheWordsOfCompressedTensors) {
  // (value + 2^(bits-1)) << (bits * i), as its pack_to_int32 documents for 8 bits: [1, 2] -> 33409.
  const at::Tensor eight = pack_codes(at::tensor({1, 2}, at::kChar).unsqueeze(0), {8});
  EXPECT_EQ(eight.item<int32_t>(), 33409);
  const at::Tensor four = pack_codes(at::tensor({-8, -7, 0, 7, 0, 0, 0, 7, -1}, at::kChar).unsqueeze(0), {4});
  ASSERT_EQ(four.sizes(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(static_cast<uint32_t>(four[0][0].item<int32_t>()), 0xf888f810U);
  EXPECT_EQ(four[0][1].item<int32_t>(), 7);
  const at::Tensor unsigned_codes = pack_codes(at::tensor({0, 15, 3}, at::kByte).unsqueeze(0), {4, false});
  EXPECT_EQ(unsigned_codes.item<int32_t>(), 0x3f0);
}

TEST(Packing, EveryCodeOfEveryWidthComesBack) {
  for (int bits = 2; bits <= 8; ++bits)
    for (const bool symmetric : {true, false})
      for (const int64_t columns : {1, 7, 32, 43}) {
        const Grid grid = {bits, symmetric};
        const at::Tensor codes = at::arange(int64_t{5} * columns)
                                     .remainder(int64_t{1} << bits)
                                     .add(static_cast<int64_t>(grid.lowest()))
                                     .to(symmetric ? at::kChar : at::kByte)
                                     .view({5, columns});
        const at::Tensor words = pack_codes(codes, grid);
        EXPECT_EQ(words.sizes(), (std::vector<int64_t>{5, words_of(columns, bits)}));
        EXPECT_TRUE(at::equal(unpack_codes(words, columns, grid), codes)) << bits << " bits, " << columns;
      }
}

TEST(Packing, RefusesCodesOutsideOfTheGrid) {
  EXPECT_THROW(pack_codes(at::full({2, 3}, 4, at::kChar), {3}), UserError);
  EXPECT_THROW(pack_codes(at::full({2, 3}, 8, at::kByte), {3, false}), UserError);
}

}  // namespace
}  // namespace freeact
