#include "report/config_lines.h"

#include <gtest/gtest.h>

#include "report/clipping.h"

namespace freeact {
namespace {

TEST(ConfigLines, KeysHaveTheirPathInsideListsToo) {
  const std::string config =
      "method:\n  name: rtn\n  w_clip: none\ntasks:\n  - name: first\n    generation:\n      stops: []\n"
      "      texts:\n        - plain\n        - \"a: b\"\n      chat: true\n  - name: second\nseed: 3\n";
  std::string paths, whole;
  for (const auto& line : config_lines(config)) {
    if (!line.path.empty() && line.path.find('"') == std::string::npos) paths += line.path + '=' + line.value + ' ';
    whole += line.text + '\n';
  }
  EXPECT_EQ(paths,
            "method= method.name=rtn method.w_clip=none tasks= tasks.name=first tasks.generation= "
            "tasks.generation.stops=[] tasks.generation.texts= tasks.generation.chat=true tasks.name=second seed=3 ");
  EXPECT_EQ(whole, config);
}

TEST(ConfigLines, TextThatIsNoConfigurationHasNoKeys) {
  for (const char* text : {"", "\n\n", "  - - ", "words alone"})
    for (const auto& line : config_lines(text)) EXPECT_EQ(line.path, "") << text;
}

TEST(ClippingPolicy, IsThatOfTheMethodOnly) {
  RunRecord run;
  run.resolved_config = "method:\n  w_clip: searched\n  a_clip: fixed\n  a_clip_ratio: 0.9\nother:\n  w_clip: none\n";
  EXPECT_EQ(clipping_policy(run), "searched / fixed 0.9");
  run.resolved_config = "method:\n  w_clip: none\n  a_clip: none\n  w_rounding: gptq\n";
  EXPECT_EQ(clipping_policy(run), "none, GPTQ / none");
  run.resolved_config = "method:\n  name: none\n";
  EXPECT_EQ(clipping_policy(run), "");
}

}  // namespace
}  // namespace freeact
