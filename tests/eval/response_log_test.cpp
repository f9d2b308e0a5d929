#include "eval/response_log.h"

#include <gmock/gmock.h>

#include "fixtures.h"
#include "message_of.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

fs::path only_file(const fs::path& folder) {
  return fs::directory_iterator(folder)->path();
}

TEST(ResponseLog, ALaterProgramFindsWhatAnEarlierOneWrote) {
  const fs::path folder = test_folder();
  const Response response = {{3, 1, 4}, 7, 0.25, {1, -1, 0}};
  ResponseLog(folder, "model A").add({{"item 1", response}, {"item 2", {{}, 1, 0}}});
  const ResponseLog later(folder, "model A");
  EXPECT_EQ(later.find("item 1"), response);
  EXPECT_TRUE(later.find("item 2").has_value());
  EXPECT_FALSE(later.find("item 3").has_value());
}

TEST(ResponseLog, NoAnswerIsTakenForAnotherModels) {
  const fs::path folder = test_folder();
  ResponseLog(folder, "model A").add({{"item 1", {{1}, 1, 0}}});
  EXPECT_FALSE(ResponseLog(folder, "model B").find("item 1").has_value());
}

TEST(ResponseLog, ALineThatWasCutOffIsAskedForAgain) {
  const fs::path folder = test_folder();
  ResponseLog(folder, "model A").add({{"item 1", {{1}, 1, 0}}, {"item 2", {{2}, 1, 0}}});
  const fs::path file = only_file(folder);
  fs::resize_file(file, fs::file_size(file) - 9);
  ResponseLog after(folder, "model A");
  EXPECT_TRUE(after.find("item 1").has_value());
  EXPECT_FALSE(after.find("item 2").has_value());
  after.add({{"item 2", {{5}, 1, 0}}, {"item 3", {{6}, 1, 0}}});
  const ResponseLog later(folder, "model A");
  EXPECT_EQ(later.find("item 2")->ids, std::vector<int64_t>{5});
  EXPECT_EQ(later.find("item 3")->ids, std::vector<int64_t>{6});
}

TEST(ResponseLog, AFolderThatCannotBeMadeIsNamed) {
  const fs::path folder = test_folder();
  write_text(folder / "file", "");
  EXPECT_THAT(message_of<EnvironmentError>([&] { ResponseLog(folder / "file" / "below", "model"); }),
              testing::HasSubstr("below"));
}

}  // namespace
}  // namespace freeact
