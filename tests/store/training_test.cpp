#include "store/training.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "store/store.h"

namespace freeact {
namespace {

TrainingPoint point(int64_t step, double loss) {
  return {.step = step, .seconds = 1.5, .tokens = 100 * step, .losses = {{"sort", loss}}, .metrics = {}};
}

TrainingCurve curve(const std::string& recipe, const std::vector<TrainingPoint>& points) {
  return {.name = "tiny",
          .recipe_hash = recipe,
          .steps = 30,
          .machine = "a machine",
          .source_version = "0.1.0",
          .points = points};
}

class TrainingStore : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "freeact_training_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Store open() const { return Store::open_for_writing(folder_ / "results.db"); }

  std::filesystem::path folder_;
};

TEST_F(TrainingStore, KeepsEveryField) {
  TrainingCurve whole = curve("r", {point(10, 2.5), point(20, 1.25)});
  whole.points[1].metrics = {{"exact_match sort", 87.5}, {"nll bible.txt 0.5", 3.25}};
  open().add_training(whole);
  EXPECT_EQ(open().trainings(), std::vector{whole});
}

TEST_F(TrainingStore, AResumedTrainingGoesOnInTheSameCurveAndReplacesItsLastSteps) {
  open().add_training(curve("r", {point(10, 3)}));
  open().add_training(curve("r", {point(20, 2)}));
  open().add_training(curve("r", {point(20, 1)}));  // killed after the row, before the state
  open().add_training(curve("r", {point(30, 0.5)}));
  EXPECT_EQ(open().trainings(), std::vector{curve("r", {point(10, 3), point(20, 1), point(30, 0.5)})});
}

TEST_F(TrainingStore, PointsOfAnUnknownMachineKeepTheKnownOne) {
  open().add_training(curve("r", {point(10, 3)}));
  TrainingCurve again = curve("r", {point(10, 3)});
  again.machine = again.source_version = "";
  open().add_training(again);
  EXPECT_EQ(open().trainings(), std::vector{curve("r", {point(10, 3)})});
}

TEST_F(TrainingStore, AnotherRecipeOrNameIsAnotherCurve) {
  TrainingCurve renamed = curve("a", {point(10, 4)});
  renamed.name = "other";
  for (const auto& each : {curve("a", {point(10, 3)}), curve("b", {point(10, 2)}), renamed}) open().add_training(each);
  EXPECT_EQ(open().trainings().size(), 3U);
}

TEST_F(TrainingStore, ALossThatIsNotANumberIsKept) {
  open().add_training(curve("r", {point(10, std::nan(""))}));
  EXPECT_TRUE(std::isnan(open().trainings().at(0).points.at(0).losses.at("sort")));
}

TEST_F(TrainingStore, IsNoResult) {
  auto store = open();
  const std::string digest = store.results_digest();
  store.add_training(curve("r", {point(10, 1)}));
  EXPECT_EQ(store.results_digest(), digest);
}

}  // namespace
}  // namespace freeact
