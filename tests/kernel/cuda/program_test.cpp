// What the CUDA kernels are told to do and where their operands lie, held on the host.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "kernel/cuda/linear.h"
#include "kernel/cuda/nibble_layout.h"
#include "kernel/random_parts.h"
#include "util/error.h"

namespace freeact {
namespace {

using cuda::DeviceLimits;
using cuda::RowPlan;

TEST(CudaPlan, KeepsWithinTheDevicesSharedMemory) {
  for (const int64_t width : {24 * 24, 64 * 64, 96 * 128, 128 * 148}) {
    const CudaProgram program = make_program({random_kronecker(width / 32, 32)}, width, at::kCPU);
    for (const int64_t rows : {1, 64, 100000})
      for (const int shared : {1 << 10, 48 << 10, 99 << 10, 226 << 10}) {
        const RowPlan plan = cuda::plan_rows(program.program, rows, static_cast<int>(width), {132, shared});
        EXPECT_LE(plan.shared_bytes, shared);
        EXPECT_GE(plan.tokens, 1);
        EXPECT_LE(plan.blocks, std::max<int64_t>(rows, 1));
        EXPECT_EQ(plan.rows_in_shared, plan.scratch_bytes == 0);
      }
  }
}

TEST(CudaPlan, SpreadsFewTokensOverTheDevice) {
  const CudaProgram program = make_program({random_kronecker(24, 24)}, 576, at::kCPU);
  EXPECT_EQ(cuda::plan_rows(program.program, 64, 576, {132, 226 << 10}).blocks, 64);
  EXPECT_GT(cuda::plan_rows(program.program, 100000, 576, {132, 226 << 10}).tokens, 1);
}

TEST(CudaProgram, RefusesATransformThatItDoesNotKnow) {
  EXPECT_THROW(make_program({std::make_shared<ForeignTransform>()}, 8, at::kCPU), UserError);
}

TEST(CudaWeight, NibblesHoldEveryCodeOnce) {
  at::manual_seed(2);
  for (const auto& [outputs, width] : {std::pair<int64_t, int64_t>{1, 1}, {31, 63}, {33, 65}, {64, 576}}) {
    const at::Tensor codes = at::randint(-8, 8, {outputs, width}, at::kInt).to(at::kChar);
    const CudaWeight weight = cuda_weight(codes, at::ones({outputs, 1}), {}, at::kCPU);
    ASSERT_TRUE(weight.nibbles.defined());
    const auto* bytes = weight.nibbles.const_data_ptr<uint8_t>();
    at::Tensor found = at::empty_like(codes);
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t k = 0; k < width; ++k) {
        const cuda::NibblePlace place = cuda::nibble_place(o, k, width);
        ASSERT_LT(place.byte, weight.nibbles.numel());
        found[o][k] = (bytes[place.byte] >> place.shift & 15) - cuda::kNibbleOffset;
      }
    EXPECT_TRUE(at::equal(found, codes));
  }
}

TEST(CudaWeight, AsymmetricCodesKeepTheirValues) {
  at::manual_seed(3);
  for (const int64_t most : {15, 255}) {
    const at::Tensor codes = at::randint(0, most + 1, {6, 70}, at::kInt),
                     zero = at::randint(0, most, {6, 1}).to(at::kFloat);
    codes[0][0] = most;
    const CudaWeight weight = cuda_weight(codes.to(at::kByte), at::ones({6, 1}), zero, at::kCPU);
    EXPECT_EQ(weight.nibbles.defined(), most == 15);
    const at::Tensor values = weight.codes_OP.narrow(1, 0, 70).to(at::kFloat) - weight.offset_O.unsqueeze(1);
    EXPECT_TRUE(at::equal(values, codes - zero));
    EXPECT_TRUE(at::equal(weight.code_sum_O, weight.codes_OP.sum(1, false, at::kInt)));
  }
}

TEST(CudaWeight, PairsHoldTheEvenCodeLow) {
  const at::Tensor pairs = pack_pairs(at::tensor({-8, 7, 3}, at::kInt).to(at::kChar).unsqueeze(0));
  EXPECT_EQ(pairs.size(1), 64);
  EXPECT_EQ(static_cast<uint8_t>(pairs[0][0].item<int8_t>()), 0x78);
  EXPECT_EQ(pairs[0][1].item<int8_t>(), 3);
}

TEST(CudaRoutes, FewTokensReadNibblesAndManyUseTheWidestInstruction) {
  RouteQuestion q = {64, 4096, 90, true, false, true, true};
  EXPECT_EQ(best_route(q), CudaRoute::kNibbles);
  q.rows = 65;
  EXPECT_EQ(best_route(q), CudaRoute::kWgmma);
  q.outputs = 4100;  // no whole 16 bytes in bfloat16
  EXPECT_EQ(best_route(q), CudaRoute::kMma);
  q.bfloat16 = false;
  EXPECT_EQ(best_route(q), CudaRoute::kWgmma);
  q.corrections = true;
  EXPECT_EQ(best_route(q), CudaRoute::kMma);
  q.corrections = false;
  q.capability = 100;
  EXPECT_EQ(best_route(q), CudaRoute::kMma);
}

TEST(CudaRoutes, RefuseWhatTheyDoNotServe) {
  RouteQuestion q = {65, 64, 80, true, false, false, true};
  EXPECT_THROW(check_route(CudaRoute::kNibbles, q), UserError);
  EXPECT_THROW(check_route(CudaRoute::kWgmma, q), UserError);
  EXPECT_NO_THROW(check_route(CudaRoute::kMma, q));
  q.nibbles = false;
  EXPECT_THROW(check_route(CudaRoute::kEmulatedInt4, q), UserError);
}

}  // namespace
}  // namespace freeact
