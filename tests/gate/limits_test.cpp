// Reference files whose numbers nobody measured.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate/reference.h"
#include "gate_arms.h"
#include "message_of.h"
#include "util/files.h"

namespace freeact {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const Reference& reference) {
  const auto path = std::filesystem::path(testing::TempDir()) / "freeact_limits_reference.json";
  write_file_atomically(path, write_reference(reference));
  return message_of<UserError>([&] { read_reference(path); });
}

TEST(ReferenceLimits, MoreItemsThanCanBeCounted) {
  Reference reference = drawn_reference();
  reference.arms[0].metrics[0].items = int64_t{1} << 50;
  EXPECT_THAT(refusal(reference), AllOf(HasSubstr(reference.arms[0].metrics[0].name), HasSubstr("items")));
  reference.arms[0].metrics[0].items = -1;
  EXPECT_THAT(refusal(reference), HasSubstr("-1 items"));
}

TEST(ReferenceLimits, ALevelBeyondDoublePrecision) {
  Reference reference = drawn_reference();
  reference.level = 1e-300;
  EXPECT_THAT(refusal(reference), HasSubstr("'level'"));
  std::vector<std::string> left_out;
  EXPECT_THAT(message_of<UserError>([&] {
                make_reference(drawn_arms({1, 2, 3}), 1e-14, 1, left_out);
              }),
              HasSubstr("ask for more"));
}

// Ends at once though a million answers lie within the band, which is that of the normal approximation.
TEST(ReferenceLimits, SharesOfManyItems) {
  const double items = 2e8, seeds = 3, level = 0.01;
  const Band band = prediction_band({50, 50, 50}, BandScale::kShare, static_cast<int64_t>(items), 1, level);
  const double deviation = 100 * std::sqrt(0.25 / items * (1 + 1 / seeds)), quantile = 2.5758293;
  EXPECT_NEAR(50 - band.low, quantile * deviation, 1e-3 * deviation);
  EXPECT_NEAR(band.high - 50, quantile * deviation, 1e-3 * deviation);
}

TEST(ReferenceLimits, SharesBeyondAllItems) {
  const Band band = prediction_band({1e300, 1e300}, BandScale::kShare, 20, 1, 0.01);
  EXPECT_LE(band.high, 100);
}

}  // namespace
}  // namespace freeact
