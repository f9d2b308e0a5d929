#include "config/experiment_folder.h"

namespace freeact {
namespace {

using testing::HasSubstr;

class StreamSection : public ExperimentFolder {
 protected:
  void SetUp() override {
    ExperimentFolder::SetUp();
    write("calibration/bible", "dataset: bible.txt\nnum_samples: 50\nsequence_length: 128\n");
    write("moving", "tasks: []\nstream:\n  shift_to: bible\n  calibration:\n    num_samples: 40\n");
  }
};

TEST_F(StreamSection, TakesTheChoiceItShiftsToAndItsOwnKeysWin) {
  const CalibrationConfig later = single("moving").experiment.stream.calibration;
  EXPECT_EQ(later.dataset, "bible.txt");
  EXPECT_EQ(later.sequence_length, 128);
  EXPECT_EQ(later.num_samples, 40);
  EXPECT_EQ(single("moving", {"stream.calibration.num_samples=30"}).experiment.stream.calibration.num_samples, 30);
  EXPECT_EQ(single("moving", {"stream.shift_to=c"}).experiment.stream.calibration.dataset, "c");
}

TEST_F(StreamSection, IsNoPartOfOtherExperiments) {
  EXPECT_FALSE(single("plain").resolved.contains("stream"));
  EXPECT_FALSE(single("plain").experiment.stream.is_set());
}

TEST_F(StreamSection, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(user_error([&] { single("moving", {"stream.shift_to=bibel"}); }), HasSubstr("did you mean 'bible'"));
  EXPECT_THAT(user_error([&] { single("moving", {"stream.shift_at=7"}); }), HasSubstr("leave 2 windows or more"));
  EXPECT_THAT(user_error([&] { single("moving", {"stream.decay=0"}); }), HasSubstr("above 0 and at most 1"));
  EXPECT_THAT(user_error([&] { single("moving", {"stream.window=4"}); }), HasSubstr("stream.windows"));
  EXPECT_THAT(user_error([&] { single("moving", {"stream.calibration.num_samples=0"}); }),
              HasSubstr("in 'stream', key 'calibration.num_samples'"));
  EXPECT_THAT(user_error([&] { single("moving", {"tasks=[sort]"}); }), HasSubstr("a stream measures no tasks"));
  EXPECT_THAT(user_error([&] { single("moving", {"quant.embedding_bits=8"}); }), HasSubstr("measures the blocks"));
}

TEST_F(StreamSection, NeedsToNameWhatItShiftsTo) {
  write("nowhere", "tasks: []\nstream:\n  windows: 4\n");
  EXPECT_THAT(user_error([&] { single("nowhere"); }), HasSubstr("stream.shift_to"));
}

}  // namespace
}  // namespace freeact
