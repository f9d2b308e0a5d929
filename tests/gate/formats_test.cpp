// Files and lines that other programs read.
#include "gate/formats.h"

#include <gtest/gtest.h>

#include <sstream>

#include "gate_arms.h"
#include "message_of.h"
#include "report/xml_balance.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

GateResult awkward_result() {
  Finding finding;
  finding.arm = {"a<b>", "m\"&", "rtn, 50 %", "W4A4", "simulated"};
  finding.metric = "sort:x\n\x01";
  finding.outcome = Outcome::kWorse;
  finding.reference = 1;
  finding.value = 2;
  finding.band = {0.9, 1.1};
  finding.seeds = 1;
  Finding held = finding;
  held.outcome = Outcome::kHolds;
  Finding added = finding;
  added.outcome = Outcome::kNew;
  return {{finding, added, held}, false};
}

TEST(GateFormats, JunitIsWellFormedWhateverNamesHold) {
  const std::string xml = gate_junit(awkward_result());
  EXPECT_EQ(markup_fault(xml.substr(xml.find('\n'))), "") << xml;
  EXPECT_NE(xml.find("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("a&lt;b&gt;, m&quot;&amp;"), std::string::npos) << xml;
  EXPECT_EQ(xml.find('\x01'), std::string::npos) << "XML knows no control characters";
}

TEST(GateFormats, AnnotationsEscapeWhatGithubReads) {
  const std::string text = gate_annotations(awkward_result(), "a,b:c.json");
  std::istringstream lines(text);
  std::string first, second, third;
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_FALSE(std::getline(lines, third)) << "what holds is not annotated, and a message is one line: " << text;
  EXPECT_TRUE(first.starts_with("::error file=a%2Cb%3Ac.json,title=sort%3Ax%0A\x01%3A worse::")) << first;
  EXPECT_NE(first.find("50 %25"), std::string::npos) << first;
  EXPECT_TRUE(second.starts_with("::notice ")) << second;
}

TEST(GateFormats, JsonHasALineForEachMetricAndTheCounts) {
  std::istringstream lines(gate_json(awkward_result()));
  std::vector<nlohmann::json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0]["outcome"], "worse");
  EXPECT_EQ(all[0]["high"], 1.1);
  EXPECT_EQ(all[3], nlohmann::json::parse(R"({"held":1,"failed":1,"new":1,"unjudged":0})"));
}

TEST(ReferenceFile, IsReadAsItWasWrittenWithAMetricALine) {
  const auto path = std::filesystem::path(testing::TempDir()) / "freeact_reference.json";
  const Reference reference = drawn_reference();
  const std::string text = write_reference(reference);
  write_file_atomically(path, text);
  EXPECT_EQ(write_reference(read_reference(path)), text);
  EXPECT_EQ(hold_against(read_reference(path), drawn_arms(seeds_from(1, 10))).failed(), 0U)
      << "numbers keep all digits";
  std::istringstream lines(text);
  int metrics = 0;
  for (std::string line; std::getline(lines, line);) metrics += line.find("\"name\":") != std::string::npos ? 1 : 0;
  EXPECT_EQ(metrics, 24);
}

TEST(ReferenceFile, SaysWhatIsWrongWithIt) {
  const auto path = std::filesystem::path(testing::TempDir()) / "freeact_wrong_reference.json";
  Reference newer = drawn_reference();
  newer.format = 2;
  Reference short_of_values = drawn_reference();
  short_of_values.arms[0].metrics[0].values.pop_back();
  for (const auto& [text, says] : {std::pair{write_reference(newer), "format"},
                                   {write_reference(short_of_values), "10 seeds"},
                                   {"{\"arm\": 1}", "arms"}}) {
    write_file_atomically(path, text);
    const std::string message = message_of<UserError>([&] { read_reference(path); });
    EXPECT_NE(message.find(says), std::string::npos) << message;
    EXPECT_NE(message.find(path.filename().string()), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace freeact
