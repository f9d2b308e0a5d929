#include "report/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace freeact {
namespace {

using testing::HasSubstr;

// Two layers, three windows, the shift before the second: frozen 1 before and 4 after, means 4 then 3, anew 2.
StreamRecord stream(uint64_t seed, double scale) {
  StreamRecord record{.key = "k" + std::to_string(seed),
                      .experiment = "stream/tiny",
                      .model = "tiny",
                      .method = "freeact_plus",
                      .bits = "W4A4",
                      .seed = seed,
                      .shift_at = 1,
                      .resolved_config = "method:\n  name: freeact_plus\nseed: " + std::to_string(seed) + "\n",
                      .source_version = "0.1.0",
                      .checkpoint_hash = "c",
                      .machine = "a machine",
                      .started_at = "",
                      .seconds = 1,
                      .points = {}};
  const auto add = [&](const std::string& arm, std::vector<double> errors) {
    for (int window = 0; window < 3; ++window)
      for (int layer = 0; layer < 2; ++layer)
        for (const char* type : {"visible", "mask"})
          record.points.push_back({.arm = arm,
                                   .window = window,
                                   .data = window < 1 ? "puzzles" : "bible/valid.txt",
                                   .layer = layer,
                                   .site = "mlp.down",
                                   .token_type = type,
                                   .relative_error = errors[static_cast<size_t>(window)] * scale,
                                   .drift = arm == "recalibrated" ? std::nan("") : 0.1 * window,
                                   .tokens = 10});
  };
  add("frozen", {1, 4, 4});
  add("means", {1, 4, 3});
  add("recalibrated", {2, 2, 2});
  return record;
}

Table only_table(const std::vector<ReportBlock>& blocks) {
  const Table* found = nullptr;
  for (const auto& block : blocks)
    if (const auto* table = std::get_if<Table>(&block)) found = table;
  EXPECT_NE(found, nullptr);
  return found == nullptr ? Table() : *found;
}

std::vector<std::string> texts(const std::vector<TableCell>& row) {
  std::vector<std::string> all;
  for (const auto& cell : row) all.push_back(cell.text);
  return all;
}

TEST(StreamReport, SaysWhatAdaptingGained) {
  const std::vector<StreamRecord> streams = {stream(1, 1)};
  const auto blocks = stream_blocks(streams);
  const Table table = only_table(blocks);
  ASSERT_EQ(table.rows.size(), 9u);  // all, visible and mask, three arms each
  EXPECT_EQ(texts(table.rows[0]), (std::vector<std::string>{"all", "frozen", "1.00", "4.00", "4.00", "–", "–"}));
  EXPECT_EQ(texts(table.rows[1]), (std::vector<std::string>{"all", "means", "1.00", "4.00", "3.00", "−25 %", "50 %"}));
  EXPECT_EQ(texts(table.rows[2]),
            (std::vector<std::string>{"all", "recalibrated", "2.00", "2.00", "2.00", "−50 %", "–"}));
  EXPECT_EQ(table.rows[3][0].text, "visible");
  EXPECT_THAT(table.title, HasSubstr("puzzles → bible/valid.txt"));
}

TEST(StreamReport, SeedsGiveAnInterval) {
  const std::vector<StreamRecord> streams = {stream(1, 1), stream(2, 1.1)};  // gaps of 2 and 2.2
  const Table table = only_table(stream_blocks(streams));
  EXPECT_THAT(table.rows[1][4].text, HasSubstr("3.15 ±"));
  EXPECT_EQ(table.rows[1][6].text, "50 ± 0 %");
}

TEST(StreamReport, TheFigureMarksTheShiftInEveryPanel) {
  const std::vector<StreamRecord> streams = {stream(1, 1)};
  for (const auto& block : stream_blocks(streams)) {
    const auto* figure = std::get_if<Figure>(&block);
    if (figure == nullptr) continue;
    size_t marks = 0;
    for (size_t at = figure->svg.find("class=\"mark\""); at != std::string::npos;
         at = figure->svg.find("class=\"mark\"", at + 1))
      ++marks;
    EXPECT_EQ(marks, 6u);  // errors and drift of all tokens and of each type
    EXPECT_THAT(figure->svg, HasSubstr("recalibrated"));
  }
}

TEST(StreamReport, NoGapIsClosedWhereCalibratingAnewDoesNotHelp) {
  StreamRecord record = stream(1, 1);
  for (auto& point : record.points)
    if (point.arm == "recalibrated") point.relative_error = 5;
  const Table table = only_table(stream_blocks({record}));
  EXPECT_EQ(table.rows[1][6].text, "–");
}

TEST(StreamReport, IsLeftOutWithoutStreams) {
  EXPECT_TRUE(stream_blocks({}).empty());
}

TEST(StreamReport, EveryPointIsARowOfTheData) {
  EXPECT_EQ(stream_rows({stream(1, 1), stream(2, 1)}).rows.size(), 2u * 3 * 3 * 2 * 2);
}

}  // namespace
}  // namespace freeact
