// The kernel that quantises a site's input, played on the host: its codes are those of the CPU bit for bit, and nothing
// is written where it should not be.
#include "kernel/cuda/transform_quantise.cu"

#include <ATen/ATen.h>

#include <string>

#include "kernel/cpu/transform_quantise.h"
#include "kernel/cuda/transform_quantise.h"
#include "kernel/random_parts.h"
#include "played/buffer.h"

namespace freeact {
namespace {

struct Case {
  std::string what;
  TransformChain chain;
  int64_t width;
  Grid grid = {4, true};
  std::vector<Clip> clips = {{}};
  int64_t rows = 3, num_types = 1;
  bool bfloat16 = false, poison = false;
  cuda::DeviceLimits limits = {2, 200 << 10};
};

template <class T>
std::vector<T> list_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  return {plain.const_data_ptr<T>(), plain.const_data_ptr<T>() + plain.numel()};
}

struct Tokens {
  at::Tensor x_MD, types_M;
};

// An outlier channel, a token of zeros, and on request one with NaN and one with an infinity.
Tokens tokens_of(const Case& c) {
  Tokens tokens = {at::randn({c.rows, c.width}), at::randint(0, c.num_types, {c.rows}, at::kLong)};
  tokens.x_MD.select(1, c.width / 2).mul_(30);
  if (c.rows > 2) tokens.x_MD[1].zero_();
  if (c.bfloat16) tokens.x_MD = tokens.x_MD.to(at::kBFloat16).to(at::kFloat);
  if (c.poison) tokens.x_MD[0][c.width - 1] = std::numeric_limits<float>::quiet_NaN();
  if (c.poison) tokens.x_MD[2][0] = -std::numeric_limits<float>::infinity();
  return tokens;
}

// What the kernel left in its buffers.
struct Played {
  cuda::PlayedBuffer<int8_t> codes;
  cuda::PlayedBuffer<float> scale;
  cuda::PlayedBuffer<int32_t> zero, sum;
  int padded;
};

std::vector<uint16_t> narrow(const at::Tensor& x_MD) {
  const at::Tensor half = x_MD.to(at::kBFloat16).contiguous();
  const auto* bits = static_cast<const uint16_t*>(half.const_data_ptr());
  return {bits, bits + half.numel()};
}

Played play_case(const Case& c, const Tokens& tokens) {
  const CudaProgram program = make_program(c.chain, c.width, at::kCPU);
  const cuda::RowPlan plan = cuda::plan_rows(program.program, c.rows, static_cast<int>(c.width), c.limits);
  auto floats = cuda::PlayedBuffer<float>::of(list_of<float>(tokens.x_MD));
  auto halves = cuda::PlayedBuffer<uint16_t>::of(narrow(tokens.x_MD));
  auto types = cuda::PlayedBuffer<int64_t>::of(list_of<int64_t>(tokens.types_M));
  cuda::PlayedBuffer<float> scratch(plan.scratch_bytes / sizeof(float));
  std::vector<Clip> kept;
  std::vector<cuda::ClipFactors> views;
  for (const Clip& clip : c.clips) {
    kept.push_back(clip_on(clip, at::kCPU));
    const Clip& own = kept.back();
    views.push_back({});
    if (own.max.defined())
      views.back() = {own.max.const_data_ptr<float>(), own.min.const_data_ptr<float>(),
                      static_cast<int>(own.max.numel())};
  }
  const int64_t groups = c.grid.num_groups(c.width), group = c.width / groups, padded = (group + 63) / 64 * 64;
  const auto units = static_cast<size_t>(static_cast<int64_t>(views.size()) * groups * c.rows);
  Played out = {cuda::PlayedBuffer<int8_t>(units * static_cast<size_t>(padded)), cuda::PlayedBuffer<float>(units),
                cuda::PlayedBuffer<int32_t>(units), cuda::PlayedBuffer<int32_t>(units), static_cast<int>(padded)};
  const cuda::RowsIn in = {c.bfloat16 ? static_cast<const void*>(halves.data()) : floats.data(), c.bfloat16,
                           types.data(), c.rows, static_cast<int>(c.width)};
  EXPECT_EQ(cuda::transform_quantise(in, program.program, plan, {c.grid.bits, c.grid.symmetric}, views.data(),
                                     static_cast<int>(views.size()),
                                     {out.codes.data(), out.scale.data(), c.grid.symmetric ? nullptr : out.zero.data(),
                                      out.sum.data(), static_cast<int>(groups), out.padded},
                                     scratch.data(), nullptr),
            cudaSuccess);
  return out;
}

void expect_row(Played& got, size_t unit, const QuantisedRows& wanted, int64_t row, const std::string& what) {
  const at::Tensor codes = wanted.codes_MP[row];
  for (int64_t k = 0; k < got.padded; ++k) {
    const int code = k < wanted.width ? codes[k].item<int>() : 0;
    ASSERT_EQ(got.codes[unit * static_cast<size_t>(got.padded) + static_cast<size_t>(k)], code) << what << ", k " << k;
  }
  const float scale = wanted.scale_M[row].item<float>();
  EXPECT_TRUE(got.scale[unit] == scale || (std::isnan(scale) && std::isnan(got.scale[unit]))) << what;
  EXPECT_EQ(got.sum[unit], wanted.sum_M[row].item<int>()) << what;
  if (wanted.zero_M.defined()) {
    EXPECT_EQ(got.zero[unit], wanted.zero_M[row].item<int>()) << what;
  }
}

void expect_codes_of_the_cpu(const Case& c) {
  at::manual_seed(3);
  const Tokens tokens = tokens_of(c);
  Played got = play_case(c, tokens);
  const int64_t groups = c.grid.num_groups(c.width);
  const auto wanted =
      TransformQuantise(c.chain, c.grid, c.width, c.width / groups)(tokens.x_MD, tokens.types_M, c.clips);
  for (size_t view = 0; view < wanted.size(); ++view)
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t row = 0; row < c.rows; ++row) {
        const int64_t unit = (static_cast<int64_t>(view) * groups + group) * c.rows + row;
        expect_row(got, static_cast<size_t>(unit), wanted[view][static_cast<size_t>(group)], row,
                   c.what + ", view " + std::to_string(view) + ", group " + std::to_string(group) + ", row " +
                       std::to_string(row));
      }
}

std::shared_ptr<const Transform> hadamard(int64_t width) {
  return std::make_shared<HadamardTransform>(width);
}
std::shared_ptr<const Transform> slices(int64_t width) {
  return std::make_shared<SliceTransform>(slice_mask(width, {3, 5}));
}

TEST(PlayedTransformQuantise, WithoutTransforms) {
  for (const int64_t width : {1, 7, 63, 64, 65, 130, 576})
    for (const int64_t rows : {1, 2, 9}) expect_codes_of_the_cpu({"plain", {}, width, {4, true}, {{}}, rows});
}

TEST(PlayedTransformQuantise, KroneckerFactorsOfEverySize) {
  at::manual_seed(1);
  for (const auto& [left, right] :
       {std::pair<int64_t, int64_t>{24, 24}, {64, 64}, {32, 48}, {7, 11}, {1, 5}, {13, 4}, {6, 9}, {12, 37}})
    expect_codes_of_the_cpu({std::to_string(left) + " x " + std::to_string(right),
                             {random_scale(left * right), random_kronecker(left, right)},
                             left * right});
  expect_codes_of_the_cpu({"right only", {random_kronecker(0, 12)}, 60});
  expect_codes_of_the_cpu({"left only", {random_kronecker(15, 0)}, 60});
}

TEST(PlayedTransformQuantise, Hadamard) {
  for (const int64_t width : {1, 2, 8, 12, 16, 32, 48, 64, 96, 128, 576, 1024, 2048})
    expect_codes_of_the_cpu({"hadamard " + std::to_string(width), {hadamard(width)}, width});
}

TEST(PlayedTransformQuantise, TypesClipsAndViews) {
  at::manual_seed(2);
  Case c = {"types", {random_scale(96), random_kronecker(8, 12), slices(96)}, 96};
  c.clips = {random_clip(2), {}, Clip::ratio(0.9), random_clip(2)};
  c.rows = 11;
  c.num_types = 2;
  expect_codes_of_the_cpu(c);
  c.bfloat16 = true;
  expect_codes_of_the_cpu(c);
}

TEST(PlayedTransformQuantise, GridsAndGroups) {
  at::manual_seed(4);
  for (const bool symmetric : {true, false})
    for (const int bits : {2, 4, 8})
      for (const int64_t group : {0, 32, 12}) {
        Case c = {"bits " + std::to_string(bits), {random_kronecker(8, 12)}, 96, {bits, symmetric, group}};
        c.rows = 5;
        expect_codes_of_the_cpu(c);
      }
}

TEST(PlayedTransformQuantise, NanAndInfinityMarkTheirTokens) {
  for (const bool symmetric : {true, false}) {
    Case c = {"poisoned", {}, 70, {4, symmetric}};
    c.rows = 5;
    c.poison = true;
    expect_codes_of_the_cpu(c);
  }
}

TEST(PlayedTransformQuantise, RowsAndMatricesThatDoNotFitIntoSharedMemory) {
  at::manual_seed(5);
  for (const int shared : {0, 3000, 6000, 12000, 40000}) {
    Case c = {"shared " + std::to_string(shared), {random_kronecker(24, 24)}, 576};
    c.rows = 7;
    c.limits = {1, shared};
    expect_codes_of_the_cpu(c);
  }
}

TEST(PlayedTransformQuantise, RefusesWhatWouldReadOutside) {
  at::manual_seed(6);
  Case c = {"types", {slices(96)}, 96};
  const CudaProgram program = make_program(c.chain, c.width, at::kCPU);
  const cuda::RowPlan plan = cuda::plan_rows(program.program, 1, 96, c.limits);
  cuda::PlayedBuffer<float> x(96), scale(1);
  cuda::PlayedBuffer<int8_t> codes(128);
  cuda::PlayedBuffer<int32_t> sum(1);
  const cuda::ClipFactors view;
  const auto run = [&](cuda::RowsIn in, cuda::RowsOut out) {
    return cuda::transform_quantise(in, program.program, plan, {}, &view, 1, out, nullptr, nullptr);
  };
  const cuda::RowsOut out = {codes.data(), scale.data(), nullptr, sum.data(), 1, 128};
  EXPECT_EQ(run({x.data(), false, nullptr, 1, 96}, out), cudaErrorInvalidValue) << "no types for a table by type";
  EXPECT_EQ(run({x.data() + 1, false, nullptr, 1, 96}, out), cudaErrorInvalidValue) << "not aligned";
  cuda::RowsOut narrow_out = out;
  narrow_out.padded = 64;
  const int64_t type = 0;
  EXPECT_EQ(run({x.data(), false, &type, 1, 96}, narrow_out), cudaErrorInvalidValue) << "no room for the codes";
}

}  // namespace
}  // namespace freeact
