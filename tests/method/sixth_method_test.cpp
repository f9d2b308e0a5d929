// Adding a method takes one folder (tests/method/sign_only) and one line (below): then the runner knows it.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/methods.h"
#include "method/sign_only/sign_only.h"
#include "run/runner.h"
#include "store/store.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

TEST(SixthMethod, RunsLikeTheOthers) {
  MethodTable methods = method_table();
  methods.push_back(sign_only_entry());

  // Its defaults are a file of the experiments folder, here in a copy of it.
  const fs::path root = fs::path(testing::TempDir()) / "sixth_method";
  fs::remove_all(root);
  fs::create_directories(root);
  fs::copy(fs::path(FREEACT_SOURCE_DIR) / "experiments", root / "experiments", fs::copy_options::recursive);
  fs::create_directory_symlink(fs::path(FREEACT_SOURCE_DIR) / "datasets", root / "datasets");
  std::ofstream(root / "experiments/method/sign_only.yaml") << "name: sign_only\nscale: 1.0\n";

  RunRequest request;
  request.experiment = "smoke";
  request.overrides = {"method=sign_only", "quant=w4a4", "seed=1", "tasks=[sort]", "task.num_items=5"};
  request.database = root / "results.db";
  request.quiet = true;
  run_experiment(request, {root}, methods);

  const Store store = Store::open_for_reading(request.database);
  ASSERT_EQ(store.runs().size(), 1u);
  const RunRecord run = store.load(store.runs()[0].id);
  EXPECT_EQ(run.method, "sign_only");
  EXPECT_FALSE(run.metrics.empty());
  EXPECT_FALSE(run.layer_errors.empty());
}

}  // namespace
}  // namespace freeact
