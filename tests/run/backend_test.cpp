// Where an experiment says that its model shall lie.
#include "run/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/cuda/device.h"
#include "message_of.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::HasSubstr;

TEST(BackendDevice, IsTheCpuOrACudaDevice) {
  EXPECT_EQ(device_of({.name = "simulated", .device = "cpu"}), at::Device(at::kCPU));
  EXPECT_EQ(device_of({.name = "simulated", .device = "cuda"}), at::Device(at::kCUDA, 0));
  EXPECT_EQ(device_of({.name = "simulated", .device = "cuda:3"}), at::Device(at::kCUDA, 3));
  for (const char* device : {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:1000", "CUDA", "cuda:1 "})
    EXPECT_THROW(device_of({.name = "simulated", .device = device}), UserError) << device;
}

TEST(BackendDevice, IntegersAreComputedWhereTheModelLies) {
  EXPECT_THAT(message_of<UserError>([] { check_backend({.name = "cpu", .device = "cuda"}); }),
              HasSubstr("backend.device=cpu"));
  EXPECT_THAT(message_of<UserError>([] { check_backend({.name = "cuda", .device = "cpu"}); }),
              HasSubstr("backend.device=cuda"));
}

TEST(BackendDevice, CopiesLieInOnePlaceUnlessAnyGpuWillDo) {
  EXPECT_EQ(replica_backends({.name = "cpu", .device = "cpu"}, 0).size(), 1U);
  EXPECT_EQ(replica_backends({.name = "cpu", .device = "cpu"}, 3).size(), 3U);
  const auto copies = replica_backends({.name = "simulated", .device = "cuda:1"}, 2);
  ASSERT_EQ(copies.size(), 2U);
  for (const BackendConfig& copy : copies) EXPECT_EQ(copy.device, "cuda:1");
  EXPECT_THROW(replica_backends({.name = "simulated", .device = "cuda"}, 1000), EnvironmentError);
}

TEST(BackendDevice, IsAskedForBeforeAnythingIsLoaded) {
  if (cuda_obstacle().empty()) GTEST_SKIP() << "this machine has one";
  EXPECT_THROW(check_backend({.name = "simulated", .device = "cuda"}), EnvironmentError);
}

}  // namespace
}  // namespace freeact
