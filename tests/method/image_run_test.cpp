// Every method on a model that sees, as the runner runs it: calibration and test items with pictures.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "app/methods.h"
#include "circles_experiment.h"
#include "image/image.h"
#include "run/runner.h"
#include "store/store.h"
#include "util/error.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

class ImageRun : public testing::Test {
 protected:
  void SetUp() override { root_ = write_circles_experiment("freeact_image_run"); }
  // By method.
  std::map<std::string, RunRecord> run(const std::vector<std::string>& overrides) const {
    RunRequest request;
    request.experiment = "circles";
    request.overrides = overrides;
    request.multirun = true;
    request.database = root_ / "results.db";
    request.quiet = true;
    run_experiment(request, {root_}, method_table());
    const Store store = Store::open_for_reading(request.database);
    std::map<std::string, RunRecord> records;
    for (const auto& summary : store.runs()) records[summary.method + " " + summary.bits] = store.load(summary.id);
    return records;
  }
  static double metric(const RunRecord& run, const std::string& name) {
    for (const auto& m : run.metrics)
      if (m.name == name) return m.value;
    ADD_FAILURE() << run.method << " has no " << name;
    return 0;
  }

  fs::path root_;
};

TEST_F(ImageRun, EveryMethodIsMeasuredByTokenType) {
  const auto records = run({"method=none,rtn,smoothquant,quarot,flatquant_quick,freeact_quick", "quant=w4a4"});
  ASSERT_EQ(records.size(), 6u);
  const RunRecord& reference = records.at("none 16-bit");
  for (const auto& [name, record] : records) {
    EXPECT_EQ(metric(record, "blind_guess"), 50) << name;  // two of the first four are red
    EXPECT_EQ(record.gallery.size(), 4u) << name;
    EXPECT_EQ(record.gallery, reference.gallery) << name;
    std::set<std::string> types;
    for (const auto& error : record.layer_errors) types.insert(error.token_type);
    if (record.method == "none") continue;
    EXPECT_EQ(types, (std::set<std::string>{"text", "vision"})) << name;
    EXPECT_NE(metric(record, "nll"), metric(reference, "nll")) << name;
  }
  std::set<std::string> types;
  for (const auto& row : reference.activations) types.insert(row.token_type);
  EXPECT_EQ(types, (std::set<std::string>{"text", "vision"}));
}

TEST_F(ImageRun, AQuantisedTowerChangesWhatTheModelSees) {
  const auto records = run({"method=rtn", "quant.w_bits=16", "quant.a_bits=16", "quant.vision_w_bits=16,4"});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_NE(metric(records.at("rtn 16-bit"), "nll"), metric(records.at("rtn 16-bit vision W4A16"), "nll"));
}

TEST_F(ImageRun, OtherPreprocessingIsAnotherRun) {
  run({"method=none"});
  EXPECT_EQ(run({"method=none"}).size(), 1u) << "found finished";
  write_items(root_ / "model/preprocessor_config.json", {R"({"image_mean": [0.5, 0.5, 0.5]})"});
  run({"method=none"});
  EXPECT_EQ(Store::open_for_reading(root_ / "results.db").runs().size(), 2u);
}

}  // namespace
}  // namespace freeact
