// A site's input is quantised on the device to the codes of the CPU, bit for bit.
#include <string>

#include "gpu/gpu_test.h"
#include "kernel/cpu/transform_quantise.h"
#include "kernel/cuda/transform_quantise.h"
#include "kernel/random_parts.h"

namespace freeact {
namespace {

struct Case {
  std::string what;
  TransformChain chain;
  int64_t width;
  Grid grid = {4, true};
  std::vector<Clip> clips = {{}};
  int64_t piece = 0;  // 0: the grid's groups
};

void expect_rows(const CudaRows& got, const QuantisedRows& wanted, const std::string& what) {
  const auto plain = [&](const at::Tensor& codes) { return codes.cpu().narrow(1, 0, wanted.width); };
  EXPECT_TRUE(at::equal(plain(got.codes_MP), plain(wanted.codes_MP))) << what << ": codes";
  EXPECT_TRUE(got.codes_MP.slice(1, got.width).eq(0).all().item<bool>()) << what << ": padding";
  EXPECT_TRUE(at::allclose(got.scale_M.cpu(), wanted.scale_M, 0, 0, /*equal_nan=*/true)) << what << ": scales";
  EXPECT_TRUE(at::equal(got.sum_M.cpu(), wanted.sum_M)) << what << ": sums";
  ASSERT_EQ(got.zero_M.defined(), wanted.zero_M.defined()) << what;
  if (got.zero_M.defined()) {
    EXPECT_TRUE(at::equal(got.zero_M.cpu(), wanted.zero_M)) << what << ": zero points";
  }
}

class QuantiseOnGpu : public GpuTest {
 protected:
  void expect_codes_of_the_cpu(const Case& c, int64_t rows, at::ScalarType type = at::kFloat) {
    at::Tensor x_MD = at::randn({rows, c.width});
    x_MD.select(1, c.width / 2).mul_(30);
    if (rows > 3) x_MD[2].zero_();
    x_MD = x_MD.to(type);
    const at::Tensor types_M = at::randint(0, 2, {rows}, at::kLong);
    const int64_t piece = c.piece > 0 ? c.piece : c.width / c.grid.num_groups(c.width);
    const auto wanted = TransformQuantise(c.chain, c.grid, c.width, piece)(x_MD.to(at::kFloat), types_M, c.clips);
    std::vector<Clip> clips;
    for (const Clip& clip : c.clips) clips.push_back(clip_on(clip, gpu_));
    const auto got =
        CudaTransformQuantise(c.chain, c.grid, c.width, piece, gpu_)(x_MD.to(gpu_), types_M.to(gpu_), clips);
    ASSERT_EQ(got.size(), wanted.size());
    for (size_t view = 0; view < got.size(); ++view) {
      ASSERT_EQ(got[view].size(), wanted[view].size()) << c.what;
      for (size_t i = 0; i < got[view].size(); ++i)
        expect_rows(got[view][i], wanted[view][i],
                    c.what + ", " + std::to_string(rows) + " tokens, view " + std::to_string(view));
    }
  }
};

TEST_F(QuantiseOnGpu, KroneckerFactors) {
  for (const auto& [left, right] :
       {std::pair<int64_t, int64_t>{64, 64}, {96, 128}, {128, 148}, {24, 24}, {7, 11}, {1, 5}, {13, 43}})
    for (const int64_t rows : {1, 5, 64, 700})
      expect_codes_of_the_cpu({std::to_string(left) + " x " + std::to_string(right),
                               {random_scale(left * right), random_kronecker(left, right)},
                               left * right},
                              rows);
  expect_codes_of_the_cpu({"right only", {random_kronecker(0, 64)}, 1024}, 33);
  expect_codes_of_the_cpu({"left only", {random_kronecker(64, 0)}, 1024}, 33);
}

TEST_F(QuantiseOnGpu, Hadamard) {
  for (const int64_t width : {8, 12, 48, 576, 4096, 12288, 14336, 18944})
    for (const int64_t rows : {1, 70})
      expect_codes_of_the_cpu(
          {"hadamard " + std::to_string(width), {std::make_shared<HadamardTransform>(width)}, width}, rows);
}

TEST_F(QuantiseOnGpu, PlainRowsOfOddWidths) {
  for (const int64_t width : {1, 3, 63, 64, 65, 1000, 33333}) expect_codes_of_the_cpu({"plain", {}, width}, 9);
}

TEST_F(QuantiseOnGpu, TypesClipsAndMoreViewsThanOneLaunchTakes) {
  Case c = {"types", {random_scale(96), random_kronecker(8, 12)}, 96};
  c.chain.push_back(std::make_shared<SliceTransform>(slice_mask(96, {3, 5})));
  for (int i = 0; i < 6; ++i) c.clips.push_back(random_clip(2));
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) expect_codes_of_the_cpu(c, 130, type);
}

TEST_F(QuantiseOnGpu, GridsGroupsAndPieces) {
  for (const bool symmetric : {true, false})
    for (const int bits : {2, 3, 4, 8})
      for (const int64_t group : {0, 32, 12}) {
        Case c = {"bits " + std::to_string(bits), {random_kronecker(8, 12)}, 96, {bits, symmetric, group}};
        expect_codes_of_the_cpu(c, 21);
        c.piece = 4;
        expect_codes_of_the_cpu(c, 21);
      }
}

TEST_F(QuantiseOnGpu, NothingToDo) {
  expect_codes_of_the_cpu({"no tokens", {random_kronecker(8, 12)}, 96}, 0);
}

}  // namespace
}  // namespace freeact
