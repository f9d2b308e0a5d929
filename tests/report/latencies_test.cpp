#include "report/latencies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace freeact {
namespace {

using testing::HasSubstr;

LatencyRow make_row(const std::string& name, const std::string& backend) {
  LatencyRow row;
  row.name = "cpu/C1/linear/" + name;
  row.baseline = "cpu/C1/linear/float32";
  row.backend = backend;
  row.unit = "call";
  row.clock = "thread CPU";
  row.median_s = 0.02;
  row.ratio = 5.25;
  row.ratio_low = 5;
  row.ratio_high = 5.5;
  return row;
}

LatencyRow champion() {
  LatencyRow row = make_row("w4a4", "cpu int4");
  row.goal = "C1";
  row.instruction_set = "avx512vnni";
  row.note = "weights from memory";
  row.dropped = 2;
  row.ceiling = "cpu/C1/linear/vnni_peak";
  row.ceiling_fraction = 0.914;
  row.opponents = {{{"opponent", "best int8"},
                    {"name", "cpu/C1/linear/int_mm"},
                    {"ratio", 0.7},
                    {"ratio_low", 0.68},
                    {"ratio_high", 0.72},
                    {"floor", 0.75},
                    {"aim", 1},
                    {"reached", "below"}},
                   {{"opponent", "float16"},
                    {"name", "cpu/C1/linear/float16"},
                    {"ratio", 3},
                    {"ratio_low", 2},
                    {"ratio_high", 4},
                    {"floor", nullptr},
                    {"aim", nullptr},
                    {"reached", "no target"}}};
  return row;
}

std::string text_of(const TableCell& cell) {
  return cell.text + "|" + cell.note;
}

TEST(LatencyTable, SaysOnWhichBackendARowRan) {
  const Table table = latency_table({champion()}).value();
  EXPECT_EQ(text_of(table.rows[0][1]), "cpu int4|avx512vnni, thread CPU time");
  EXPECT_THAT(text_of(table.rows[0][2]), HasSubstr("2 left out"));
  EXPECT_EQ(text_of(table.rows[0][4]), "91.4|of cpu/C1/linear/vnni_peak");
  EXPECT_THAT(table.rows[0][0].tooltip, HasSubstr("weights from memory"));
}

TEST(LatencyTable, ASimulatedBackendHasNoSpeed) {
  const Table table = latency_table({make_row("simulated", "simulated float32"), make_row("w4a4", "cpu int4")}).value();
  EXPECT_EQ(text_of(table.rows[0][3]), "–|simulated: no speed");
  EXPECT_EQ(text_of(table.rows[1][3]), "5.25|5.00 to 5.50");
  EXPECT_THAT(table.caption, HasSubstr("no speed of a quantised model"));
}

TEST(LatencyGoals, HaveALineForEachOpponent) {
  const Table table = latency_goal_table({make_row("float32", "torch float32"), champion()}).value();
  ASSERT_EQ(table.rows.size(), 2U);
  const auto& missed = table.rows[0];
  EXPECT_EQ(missed[0].text, "C1");
  EXPECT_EQ(text_of(missed[3]), "best int8|cpu/C1/linear/int_mm");
  EXPECT_EQ(text_of(missed[4]), "0.70|0.68 to 0.72");
  EXPECT_EQ(text_of(missed[5]), "0.75|aim 1");
  EXPECT_EQ(missed[6].text, "missed");
  EXPECT_TRUE(missed[6].alarm);
  EXPECT_EQ(table.rows[1][5].text, "–");
  EXPECT_FALSE(table.rows[1][6].alarm);
}

TEST(LatencyGoals, NoneWithoutOpponents) {
  EXPECT_FALSE(latency_goal_table({make_row("w4a4", "cpu int4")}).has_value());
}

}  // namespace
}  // namespace freeact
