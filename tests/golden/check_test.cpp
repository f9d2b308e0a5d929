// The comparison itself: a check that cannot fail would be worth nothing.
#include "verify/check.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "util/error.h"

namespace freeact {
namespace {

using Json = nlohmann::json;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

at::Tensor floats(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble);
}

CheckLine check(const at::Tensor& ours, const at::Tensor& reference, const char* tolerance) {
  return compare("set/case", "output", ours, reference, Tolerance::from_json(Json::parse(tolerance)));
}
bool passes(const std::vector<double>& ours, const std::vector<double>& reference, const char* tolerance) {
  return check(floats(ours), floats(reference), tolerance).passed;
}

constexpr const char* kExact = R"({"kind":"exact"})";
constexpr const char* kClose = R"({"kind":"allclose","rtol":0.1,"atol":0.5})";

TEST(Compare, ExactIsEqual) {
  EXPECT_TRUE(passes({1, 2}, {1, 2}, kExact));
  EXPECT_FALSE(passes({1, 2 + 1e-12}, {1, 2}, kExact));
  // Two int64 values that float64 cannot tell apart.
  const at::Tensor huge = at::tensor({int64_t{1} << 53});
  EXPECT_FALSE(check(huge + 1, huge, kExact).passed);
}

TEST(Compare, AllCloseAddsBothBounds) {
  EXPECT_TRUE(passes({11.5}, {10}, kClose));
  EXPECT_FALSE(passes({11.51}, {10}, kClose));
  EXPECT_TRUE(passes({-0.5}, {0}, kClose));
}

TEST(Compare, InfinitiesAreEqualToThemselvesAlone) {
  EXPECT_TRUE(passes({-kInf, 1}, {-kInf, 1}, kClose));
  EXPECT_FALSE(passes({kInf}, {-kInf}, kClose));
  EXPECT_FALSE(passes({1}, {kInf}, kClose));
  EXPECT_FALSE(passes({kInf}, {1}, kClose));
  EXPECT_FALSE(passes({1, 5}, {kInf, 5}, R"({"kind":"relfro","max":0.1})"));
}

TEST(Compare, NanNeverPasses) {
  EXPECT_FALSE(passes({kNan}, {1}, kClose));
  EXPECT_FALSE(passes({kNan}, {kNan}, kClose));
  EXPECT_FALSE(passes({1}, {kNan}, kClose));
  EXPECT_FALSE(passes({1}, {kNan}, R"({"kind":"relfro","max":10})"));
  EXPECT_FALSE(passes({1}, {kNan}, R"({"kind":"at_most","rel_slack":1})"));
}

TEST(Compare, OtherShapesAndDtypesFailWithANote) {
  const CheckLine shape = check(floats({1, 2}), floats({1, 2}).view({2, 1}), kExact);
  EXPECT_FALSE(shape.passed);
  EXPECT_NE(shape.note.find("[2, 1]"), std::string::npos) << shape.note;
  const CheckLine dtype = check(floats({1}).to(at::kFloat), floats({1}), kExact);
  EXPECT_FALSE(dtype.passed);
  EXPECT_NE(dtype.note.find("Float"), std::string::npos) << dtype.note;
  EXPECT_FALSE(check({}, floats({1}), kExact).passed);
}

TEST(Compare, EmptyTensorsAreEqual) {
  EXPECT_TRUE(passes({}, {}, kExact));
}

TEST(Compare, CodesBoundShareAndStep) {
  constexpr const char* kCodes = R"({"kind":"codes","max_mismatch_fraction":0.25,"max_abs_diff":1})";
  EXPECT_TRUE(passes({1, 2, 3, 5}, {1, 2, 3, 4}, kCodes));
  EXPECT_FALSE(passes({1, 2, 4, 5}, {1, 2, 3, 4}, kCodes));
  EXPECT_FALSE(passes({1, 2, 3, 6}, {1, 2, 3, 4}, kCodes));
}

TEST(Compare, MostlyCloseAllowsAShareOutside) {
  constexpr const char* kMostly = R"({"kind":"mostly_close","rtol":0,"atol":0.1,"max_fraction_outside":0.5})";
  EXPECT_TRUE(passes({1, 900}, {1, 2}, kMostly));
  EXPECT_FALSE(passes({800, 900}, {1, 2}, kMostly));
}

TEST(Compare, RelativeFrobeniusIsRelativeToTheReference) {
  constexpr const char* kFrobenius = R"({"kind":"relfro","max":0.1})";
  EXPECT_TRUE(passes({3, 4.5}, {3, 4}, kFrobenius));
  EXPECT_FALSE(passes({3, 4.51}, {3, 4}, kFrobenius));
  EXPECT_TRUE(passes({0}, {0}, kFrobenius));
  EXPECT_FALSE(passes({1e-9}, {0}, kFrobenius));
}

TEST(Compare, PerStepHasABoundForEveryStep) {
  constexpr const char* kSteps = R"({"kind":"per_step_rel","max":[0.01,0.5]})";
  EXPECT_TRUE(passes({100, 140}, {100, 100}, kSteps));
  EXPECT_FALSE(passes({102, 100}, {100, 100}, kSteps));
  EXPECT_FALSE(passes({1, 1, 1}, {1, 1, 1}, kSteps));  // three steps, two bounds
  const at::Tensor reference = at::full({2, 3}, 100.0, at::kDouble);
  at::Tensor ours = reference.clone();
  ours.index_put_({0, 2}, 102.0);
  EXPECT_FALSE(check(ours, reference, kSteps).passed);
  EXPECT_TRUE(check(ours.flip(0), reference, kSteps).passed);
}

TEST(Compare, AtMostIsOneSided) {
  constexpr const char* kAtMost = R"({"kind":"at_most","rel_slack":0.02})";
  EXPECT_TRUE(passes({0.1}, {1}, kAtMost));
  EXPECT_TRUE(passes({1.02}, {1}, kAtMost));
  EXPECT_FALSE(passes({1.03}, {1}, kAtMost));
}

TEST(Tolerance, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(Tolerance::from_json(Json::parse(R"({"kind":"roughly"})")), UserError);
  EXPECT_THROW(Tolerance::from_json(Json::parse(R"({"kind":"allclose","rtol":1})")), UserError);
  EXPECT_THROW(Tolerance::from_json(Json::parse("[]")), UserError);
}

TEST(Filter, SearchesInTheWholeName) {
  const Filter methods("^(rtn|smoothquant|quarot|flatquant|freeact)");
  EXPECT_TRUE(methods("quarot_hadamard/had_2"));
  EXPECT_FALSE(methods("gptq/rtn"));
  EXPECT_TRUE(Filter("gen\\.")("llada_tiny/gen.cfg"));
  EXPECT_TRUE(Filter()("anything"));
  EXPECT_THROW(Filter("("), UserError);
}

TEST(Report, CountsAndPrintsEveryLine) {
  std::vector<std::string> streamed;
  CheckReport report([&](const CheckLine& line) { streamed.push_back(line_json(line)); });
  report.add(check(floats({1.5}), floats({1}), kClose));
  report.add(failed_line("set/other", "*", "no such thing"));
  report.skip("set/extra", "*", "belongs to no case");
  EXPECT_EQ(report.summary_json(), R"({"passed":1,"failed":1,"skipped":1})");

  const Json good = Json::parse(streamed.at(0)), bad = Json::parse(streamed.at(1));
  EXPECT_EQ(good, Json::parse(R"({"case":"set/case","output":"output","max_abs_diff":0.5,
                                  "tolerance":"rtol 0.1 atol 0.5","passed":true})"));
  EXPECT_FALSE(bad["passed"].get<bool>());
  EXPECT_TRUE(bad["max_abs_diff"].is_null());
  EXPECT_EQ(bad["note"], "no such thing");

  std::ostringstream table;
  report.write_table(table);
  for (const char* text : {"set/case", "set/other", "set/extra", "1 passed, 1 failed, 1 skipped"})
    EXPECT_NE(table.str().find(text), std::string::npos) << text;
}

}  // namespace
}  // namespace freeact
