#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_of.h"
#include "method/freeact/freeact.h"

namespace freeact {
namespace {

TEST(FreeActStart, TwoStartsOfOneTransformContradict) {
  FreeActConfig config;
  config.start = "wush";
  config.check();
  config.exclusive_start = "low_energy";
  EXPECT_THAT(message_of<UserError>([&] { config.check(); }), testing::HasSubstr("starts the same transforms"));
}

}  // namespace
}  // namespace freeact
