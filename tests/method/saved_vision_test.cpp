// A model that sees, saved and run from its folder, the tower quantised as well.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "app/methods.h"
#include "circles_experiment.h"
#include "image/image.h"
#include "run/quantise_run.h"
#include "run/runner.h"
#include "store/store.h"
#include "without_times.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

class SavedVision : public testing::Test {
 protected:
  void SetUp() override { root_ = write_circles_experiment("freeact_saved_vision"); }

  RunRecord run(const std::vector<std::string>& overrides, const std::string& name) const {
    RunRequest request;
    request.experiment = "circles";
    request.overrides = overrides;
    request.database = root_ / name;
    request.quiet = true;
    run_experiment(request, {root_}, method_table());
    const Store store = Store::open_for_reading(request.database);
    return store.load(store.runs().front().id);
  }

  fs::path root_;
};

// QuaRot rotates what image features become as well.
TEST_F(SavedVision, ScoresAreThoseOfTheCalibratedModel) {
  for (const std::string method : {"method=rtn", "method=quarot"})
    for (const std::string tower : {"quant.vision_w_bits=16", "quant.vision_w_bits=4"}) {
      const std::vector<std::string> overrides = {method, tower, "quant.kv_bits=4"};
      const fs::path folder = root_ / "saved";
      quantise_experiment(
          {.experiment = "circles", .overrides = overrides, .folder = folder, .force = true, .quiet = true}, {root_},
          method_table());
      const std::string name = method + tower;
      const RunRecord before = run(overrides, name + ".db");
      const RunRecord after = run({"method=saved", "model.path=" + folder.string()}, name + "_saved.db");
      EXPECT_EQ(after.metrics, before.metrics) << name;
      EXPECT_EQ(without_times(after.samples), without_times(before.samples)) << name;
      EXPECT_EQ(after.bits, before.bits) << name;
    }
}

}  // namespace
}  // namespace freeact
