// Packed weights and their products, on every instruction set that this processor has.
#include "kernel/cpu/packed_weight.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "kernel/cpu/vnni_peak.h"
#include "message_of.h"
#include "util/error.h"
#include "util/instruction_set.h"

namespace freeact {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Weight {
  at::Tensor codes, scale, zero;
  int bits = 4;
  PackedWeight packed() const { return pack_weight(codes, scale, zero, bits); }
};

Weight random_weight(int64_t outputs, int64_t width, int bits, bool symmetric) {
  const int64_t low = symmetric ? -(1 << (bits - 1)) : 0, high = low + (1 << bits);
  Weight w;
  w.bits = bits;
  w.codes = at::randint(low, high, {outputs, width}, symmetric ? at::kChar : at::kByte);
  w.scale = at::rand({outputs, 1}) + 0.01;
  if (!symmetric) w.zero = at::randint(0, high, {outputs, 1}, at::kFloat);
  return w;
}

// Codes of the whole int8 range; zero points far outside of it too.
QuantisedRows random_rows(int64_t rows, int64_t width, bool symmetric) {
  QuantisedRows x;
  x.width = width;
  x.codes_MP = at::zeros({rows, padded_width(width)}, at::kChar);
  x.codes_MP.slice(1, 0, width).copy_(at::randint(-128, 128, {rows, width}, at::kChar));
  x.scale_M = at::rand({rows}) + 0.01;
  x.sum_M = x.codes_MP.sum(1, false, at::kInt);
  if (!symmetric) x.zero_M = at::randint(-3000, 3000, {rows}, at::kInt);
  return x;
}

at::Tensor unsigned_codes(const Weight& w) {
  return w.zero.defined() ? w.codes.to(at::kLong) : w.codes.to(at::kLong) + (1 << (w.bits - 1));
}

at::Tensor codes_of(const QuantisedRows& x) {
  return x.codes_MP.slice(1, 0, x.width).to(at::kLong);
}

// The values' product as it is defined: whole numbers, then one scaling with a single rounding, here in double.
at::Tensor naive_linear(const QuantisedRows& x, const Weight& w, const at::Tensor& bias) {
  const at::Tensor u = w.zero.defined() ? w.codes.to(at::kLong) - w.zero.to(at::kLong) : w.codes.to(at::kLong);
  const at::Tensor c = x.zero_M.defined() ? codes_of(x) - x.zero_M.to(at::kLong).unsqueeze(1) : codes_of(x);
  const at::Tensor t = at::matmul(c, u.t()).to(at::kFloat).to(at::kDouble);
  const at::Tensor scale = (x.scale_M.unsqueeze(1) * w.scale.t()).to(at::kDouble);
  return (bias.defined() ? t * scale + bias.to(at::kDouble) : t * scale).to(at::kFloat);
}

at::Tensor linear(const QuantisedRows& x, const PackedWeight& w, const at::Tensor& bias = {}) {
  at::Tensor y = at::full({x.rows(), w.outputs}, std::numeric_limits<float>::quiet_NaN());
  integer_linear(x, w, bias, y);
  return y;
}

QuantisedRows some_rows(const QuantisedRows& x, int64_t begin, int64_t end) {
  QuantisedRows part = {
      x.width, x.codes_MP.slice(0, begin, end), x.scale_M.slice(0, begin, end), {}, x.sum_M.slice(0, begin, end)};
  if (x.zero_M.defined()) part.zero_M = x.zero_M.slice(0, begin, end);
  return part;
}

struct Shape {
  int64_t rows, width, outputs;
};
// Whole and broken tiles, groups, panels and blocks, and more tokens than one block of them has.
const std::vector<Shape> kShapes = {{1, 1, 1},     {1, 8, 64},    {2, 3, 65},     {3, 40, 130},  {5, 513, 63},
                                    {6, 512, 64},  {7, 520, 100}, {13, 1100, 70}, {32, 257, 31}, {61, 64, 192},
                                    {500, 24, 66}, {0, 16, 8},    {4, 16, 0},     {2, 0, 5}};

class EverySet : public ::testing::TestWithParam<InstructionSet> {};
INSTANTIATE_TEST_SUITE_P(PackedWeight, EverySet, ::testing::ValuesIn(available_instruction_sets()),
                         [](const auto& set) { return name(set.param); });

TEST_P(EverySet, ProductsAreExact) {
  const ForcedInstructionSet forced(GetParam());
  at::manual_seed(1);
  for (const Shape& shape : kShapes)
    for (int bits = 2; bits <= 8; ++bits)
      for (const bool symmetric : {true, false}) {
        const Weight w = random_weight(shape.outputs, shape.width, bits, symmetric);
        const QuantisedRows x = random_rows(shape.rows, shape.width, symmetric);
        const at::Tensor expected = at::matmul(codes_of(x), unsigned_codes(w).t());
        EXPECT_TRUE(at::equal(integer_products(x, w.packed()).to(at::kLong), expected))
            << shape.rows << "x" << shape.width << "x" << shape.outputs << ", " << bits << " bits";
      }
}

// Nothing saturates and nothing overflows, up to the last width that is let in.
TEST_P(EverySet, ExtremeCodesAtTheGreatestWidthAreExact) {
  const ForcedInstructionSet forced(GetParam());
  for (const auto& [bits, width] : std::vector<std::pair<int, int64_t>>{{4, 1118481}, {8, 65793}})
    for (const int code : {-128, 127}) {
      const int64_t largest = (1 << bits) - 1;
      const Weight w = {at::full({2, width}, largest, at::kByte), at::ones({2, 1}), at::zeros({2, 1}), bits};
      QuantisedRows x = random_rows(3, width, true);
      x.codes_MP.slice(1, 0, width).fill_(code);
      EXPECT_TRUE(at::equal(integer_products(x, w.packed()).to(at::kLong),
                            at::full({3, 2}, width * largest * code, at::kLong)));
    }
}

TEST_P(EverySet, LinearIsTheProductOfTheValues) {
  const ForcedInstructionSet forced(GetParam());
  at::manual_seed(2);
  for (const Shape& shape : kShapes)
    for (const int bits : {2, 4, 5, 8})
      for (const bool symmetric_weight : {true, false})
        for (const bool symmetric_rows : {true, false}) {
          const Weight w = random_weight(shape.outputs, shape.width, bits, symmetric_weight);
          const QuantisedRows x = random_rows(shape.rows, shape.width, symmetric_rows);
          for (const at::Tensor& bias : {at::Tensor(), at::randn({shape.outputs})}) {
            // The twin rounds t * scale + bias to double before it rounds to float: hardly ever visible.
            EXPECT_TRUE(at::allclose(linear(x, w.packed(), bias), naive_linear(x, w, bias), 1.2e-7, 1e-30))
                << shape.rows << "x" << shape.width << "x" << shape.outputs << ", " << bits << " bits";
          }
        }
}

TEST(PackedWeight, ResultIsTheSameToTheBitOnEveryInstructionSet) {
  at::manual_seed(3);
  for (const bool symmetric : {true, false})
    for (const int bits : {4, 8}) {
      const PackedWeight w = random_weight(150, 700, bits, symmetric).packed();
      const QuantisedRows x = random_rows(77, 700, symmetric);
      const at::Tensor bias = at::randn({150});
      at::Tensor first;
      for (const InstructionSet set : available_instruction_sets()) {
        const ForcedInstructionSet forced(set);
        const at::Tensor y = linear(x, w, bias);
        if (!first.defined()) first = y;
        EXPECT_TRUE(at::equal(y, first)) << name(set);
      }
    }
}

// A token's result does not depend on which others are computed with it, nor on how many threads do it.
TEST_P(EverySet, ResultIsTheSameToTheBitForAnyThreadsAndTokensBeside) {
  const ForcedInstructionSet forced(GetParam());
  at::manual_seed(4);
  const PackedWeight w = random_weight(200, 1000, 4, true).packed();
  const QuantisedRows x = random_rows(600, 1000, false);
  const at::Tensor bias = at::randn({200}), whole = linear(x, w, bias);
  for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 12, 31, 601 / 2})
    EXPECT_TRUE(at::equal(linear(some_rows(x, 100, 100 + rows), w, bias), whole.slice(0, 100, 100 + rows))) << rows;
  const int threads = at::get_num_threads();
  at::set_num_threads(2);
  EXPECT_TRUE(at::equal(linear(x, w, bias), whole));
  at::set_num_threads(threads);
}

TEST_P(EverySet, AddsToWhatIsThereAndWritesNothingBeside) {
  const ForcedInstructionSet forced(GetParam());
  at::manual_seed(5);
  const PackedWeight w = random_weight(70, 90, 4, true).packed();
  const QuantisedRows x = random_rows(9, 90, true);
  const at::Tensor wide = at::randn({9, 100}), before = wide.clone();
  at::Tensor y = wide.slice(1, 10, 80);
  integer_linear(x, w, {}, y, /*add=*/true);
  EXPECT_TRUE(at::equal(y, before.slice(1, 10, 80) + linear(x, w)));
  EXPECT_TRUE(at::equal(wide.slice(1, 0, 10), before.slice(1, 0, 10)));
  EXPECT_TRUE(at::equal(wide.slice(1, 80), before.slice(1, 80)));
}

TEST(PackedWeight, UnpackedIsWhatWasPacked) {
  at::manual_seed(6);
  for (const Shape& shape : kShapes)
    for (int bits = 2; bits <= 8; ++bits)
      for (const bool symmetric : {true, false}) {
        const Weight w = random_weight(shape.outputs, shape.width, bits, symmetric);
        EXPECT_TRUE(at::equal(unpack_weight(w.packed(), symmetric), w.codes));
      }
}

TEST(PackedWeight, TakesHalfAByteForUpToFourBits) {
  EXPECT_EQ(random_weight(128, 64, 4, true).packed().bytes.numel(), 128 * 64 / 2);
  EXPECT_EQ(random_weight(128, 64, 3, true).packed().bytes.numel(), 128 * 64 / 2);
  EXPECT_EQ(random_weight(128, 64, 5, true).packed().bytes.numel(), 128 * 64);
}

TEST(PackedWeight, RefusesWhatIsOffTheGridOrTooWide) {
  const auto refused = [](const Weight& w) { return message_of<UserError>([&] { w.packed(); }); };
  Weight w = random_weight(4, 8, 4, true);
  w.codes[2][3] = 8;
  EXPECT_THAT(refused(w), AllOf(HasSubstr("4 bits"), HasSubstr("damaged")));
  w = random_weight(4, 8, 4, false);
  w.zero[1] = 2.5;
  EXPECT_THAT(refused(w), HasSubstr("whole numbers"));
  w.zero[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refused(w), HasSubstr("whole numbers"));
  w = random_weight(4, 8, 4, true);
  w.scale = at::ones({4, 2});
  EXPECT_THAT(refused(w), HasSubstr("one scale a row"));
  w.bits = 9;
  EXPECT_THAT(refused(w), HasSubstr("2 to 8 bits"));
  EXPECT_THAT(refused(random_weight(1, 65794, 8, true)), AllOf(HasSubstr("65794"), HasSubstr("at most 65793")));
  EXPECT_THAT(refused(random_weight(1, 1118482, 4, true)), HasSubstr("at most 1118481"));
}

TEST(VnniPeak, IsMeasuredWhereTheInstructionIs) {
  const ForcedInstructionSet widest(available_instruction_sets().back());
  EXPECT_EQ(vnni_peak_operations_per_second() > 0, instruction_set() == InstructionSet::kAvx512Vnni);
  const ForcedInstructionSet portable(InstructionSet::kPortable);
  EXPECT_EQ(vnni_peak_operations_per_second(), 0);
}

}  // namespace
}  // namespace freeact
