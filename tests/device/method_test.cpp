// Methods calibrate on a device that is not the CPU: the same model up to the order of sums, and nothing beside one
// block and one batch of the float model on the device.
#include <gtest/gtest.h>

#include "device/cases.h"
#include "device/fake_accelerator.h"
#include "quant/quantised_site.h"

namespace freeact {
namespace {

class MethodsOnDevice : public testing::TestWithParam<MethodCase> {};

TEST_P(MethodsOnDevice, CalibrateTheModelThatTheCpuCalibrates) {
  MethodCase c = GetParam();
  c.spec = with_bits(c.spec, 8);
  const DriverResult there = calibrate_on(kFakeDevice, c), here = calibrate_on(at::kCPU, c);
  EXPECT_EQ(there.model.device(), kFakeDevice);
  for (const Block& block : there.model.blocks) EXPECT_EQ(block.device(), kFakeDevice);
  ASSERT_EQ(there.errors.size(), here.errors.size());
  EXPECT_NEAR(mean_error(there) / mean_error(here), 1, tolerance_of(c).error);
  const at::NoGradGuard no_grad;
  const TokenBatch batch = tiny_batches(1)[0];
  EXPECT_LT(relative_difference(there.model.logits(batch), here.model.logits(batch)), tolerance_of(c).logits);
}

TEST_P(MethodsOnDevice, RunOnTheCpuWhatTheDeviceCalibrated) {
  const DriverResult result = calibrate_on(kFakeDevice, GetParam());
  const at::NoGradGuard no_grad;
  const TokenBatch batch = tiny_batches(1)[0];
  const at::Tensor there = result.model.logits(batch), here = on_device(result.model, at::kCPU).logits(batch);
  EXPECT_TRUE(there.isfinite().all().item<bool>());
  EXPECT_LT(relative_difference(there, here), 2e-3);  // measured: 5e-7
}

INSTANTIATE_TEST_SUITE_P(Table, MethodsOnDevice, testing::ValuesIn(every_method()),
                         [](const auto& one) { return one.param.name; });

TEST(CalibrationOnDevice, HoldsOneBatchWhateverTheirNumber) {
  const MethodCase rtn = every_method()[0];
  const auto peak = [&](int64_t batches) {
    const int64_t before = fake_memory().in_use;
    reset_fake_peak();
    calibrate_on(kFakeDevice, rtn, tiny_decoder(), tiny_batches(batches));
    return fake_memory().peak - before;
  };
  EXPECT_EQ(peak(40), peak(4));
}

}  // namespace
}  // namespace freeact
