#include "report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <set>

#include "plausible_runs.h"
#include "report/analysis.h"
#include "report/comparison.h"
#include "report/describe.h"
#include "report/format.h"
#include "report/render.h"
#include "report/summary.h"
#include "report/tables.h"
#include "util/error.h"
#include "util/files.h"
#include "xml_balance.h"

namespace freeact {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ReportTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "freeact_report_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Store store_with(const std::vector<RunRecord>& runs) {
    auto store = Store::open_for_writing(folder_ / "results.db");
    for (const auto& run : runs) store.add(run);
    return store;
  }
  std::string html_of(const std::vector<RunRecord>& runs) { return render_html(make_report(store_with(runs), {})); }

  std::filesystem::path folder_;
};

// A run with one task of four items, for exact arithmetic.
RunRecord small_run(const std::string& method, uint64_t seed, const std::vector<double>& scores) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.metrics.clear();
  run.samples.clear();
  for (size_t i = 0; i < scores.size(); ++i)
    run.samples.push_back({"sort", static_cast<int64_t>(i), "h" + std::to_string(i), "", scores[i]});
  run.metrics.push_back({"sort", 1, "exact_match", "", 100 * mean(scores), 0, 4, true, "%"});
  return run;
}

std::vector<double> scores_of(int right, int items) {
  std::vector<double> scores(static_cast<size_t>(items), 0.0);
  std::fill_n(scores.begin(), right, 1.0);
  return scores;
}

TEST_F(ReportTest, WritesEveryFormatFromTheStore) {
  write_report(store_with(plausible_runs()), {.out_dir = folder_ / "out", .experiment = "quickstart"});
  for (const char* file :
       {"report.html", "report.md", "results.csv", "layer_errors.csv", "tables/main_W4A4.tex", "tables/main_W3A3.csv",
        "tables/differences_W4A4.tex", "tables/runs.csv", "figures/layer_errors_W3A3.svg"})
    EXPECT_FALSE(read_file(folder_ / "out" / file).empty()) << file;
  EXPECT_EQ(markup_fault(read_file(folder_ / "out" / "report.html"), {"meta"}), "");
}

TEST_F(ReportTest, OneRowForEveryRunAndMetric) {
  const auto runs = plausible_runs();
  write_report(store_with(runs), {.out_dir = folder_ / "out"});
  size_t rows = 0;
  for (const auto& run : runs) rows += run.metrics.size();
  const std::string csv = read_file(folder_ / "out" / "results.csv");
  EXPECT_EQ(static_cast<size_t>(std::count(csv.begin(), csv.end(), '\n')), rows + 1);
}

TEST_F(ReportTest, RowsAreInTheOrderOfTheLiteratureWithThe16BitModelAtEveryBitWidth) {
  const auto store = store_with(plausible_runs());
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  ASSERT_EQ(settings.size(), 2U);
  EXPECT_EQ(settings[0].title, "W4A4");
  for (const auto& setting : settings) {
    std::vector<std::string> labels;
    for (const auto& arm : setting.arms) labels.push_back(arm.label);
    EXPECT_THAT(labels, ElementsAre("16-bit", "RTN", "SmoothQuant", "QuaRot", "FlatQuant", "FreeAct"));
  }
}

TEST_F(ReportTest, DeterministicMethodsShowNoSpreadButTheUncertaintyOfTheirItems) {
  const auto store = store_with({small_run("rtn", 1, {1, 1, 1, 1}), small_run("rtn", 2, {1, 1, 1, 1})});
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  const Arm& arm = settings[0].arms[0];
  const Interval items = item_interval(arm, settings[0].columns[0]);
  EXPECT_NEAR(items.low, 100 * wilson_interval(1, 4).low, 1e-9);  // four items, not eight
  const std::string html = render_html(make_report(store, {}));
  EXPECT_THAT(html, HasSubstr("100.0 ± 0.0<small>items 51.0 to 100.0</small>"));
}

TEST_F(ReportTest, RecoveredIsTheShareOfThe16BitModelsAccuracy) {
  const auto store = store_with({small_run("none", 1, {1, 1, 1, 0}), small_run("rtn", 1, {1, 1, 0, 0})});
  const auto runs = load_runs(store, "");
  const Table table = main_table(make_settings(runs)[0]);
  const auto column = std::find(table.columns.begin(), table.columns.end(), "sort recovered [%]");
  ASSERT_NE(column, table.columns.end());
  EXPECT_EQ(table.rows[1][static_cast<size_t>(column - table.columns.begin())].text, "66.7");
}

TEST_F(ReportTest, ALossOfFreeActIsSaidInWordsAndSetOff) {
  std::vector<RunRecord> runs;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    runs.push_back(small_run("flatquant", seed, scores_of(95, 100)));
    runs.push_back(small_run("freeact", seed, scores_of(60 + static_cast<int>(seed), 100)));
  }
  const std::string html = html_of(runs);
  EXPECT_THAT(html, HasSubstr("FreeAct minus FlatQuant is −33.0 points"));
  EXPECT_THAT(html, HasSubstr("lower (worse)"));
  EXPECT_THAT(html, HasSubstr("class=\"list alarm\""));
}

Comparison compare_methods(const std::vector<Setting>& settings) {
  return compare(*find_arm(settings[0], "freeact"), *find_arm(settings[0], "flatquant"), *accuracy_column(settings[0]));
}

TEST_F(ReportTest, EqualSeedsAloneSeparateNothing) {
  // One item more in each of three deterministic runs: no spread over seeds, but one item of ten proves nothing.
  std::vector<RunRecord> records;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    records.push_back(small_run("flatquant", seed, scores_of(8, 10)));
    records.push_back(small_run("freeact", seed, scores_of(9, 10)));
  }
  const auto store = store_with(records);
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  const Comparison comparison = compare_methods(settings);
  EXPECT_NEAR(comparison.difference, 10, 1e-9);
  EXPECT_TRUE(comparison.paired_items);
  EXPECT_EQ(comparison.verdict, Verdict::kNotSeparable);
}

TEST_F(ReportTest, PairsEqualSeedsOnly) {
  const auto store =
      store_with({small_run("flatquant", 1, scores_of(50, 100)), small_run("flatquant", 2, scores_of(90, 100)),
                  small_run("freeact", 2, scores_of(80, 100)), small_run("freeact", 3, scores_of(10, 100))});
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  const Comparison comparison = compare_methods(settings);
  EXPECT_EQ(comparison.num_seeds(), 1U);
  EXPECT_NEAR(comparison.difference, -10, 1e-9);
  EXPECT_EQ(verdict_text(comparison), "lower (worse; one seed)");
}

TEST_F(ReportTest, DoesNotPairDifferentItemsOrScoresThatAreNotTheMetric) {
  RunRecord other_items = small_run("freeact", 1, {1, 0, 1, 0});
  other_items.samples[2].input_hash = "another question";
  RunRecord pooled = small_run("freeact", 2, {1, 0, 1, 0});
  pooled.metrics[0].value = 71;  // no mean of the scores
  const auto store = store_with(
      {small_run("flatquant", 1, {1, 0, 1, 0}), other_items, small_run("flatquant", 2, {1, 0, 1, 0}), pooled});
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  const Column& column = *accuracy_column(settings[0]);
  EXPECT_FALSE(column_scores({&runs[0], &runs[1]}, column).has_value());
  EXPECT_FALSE(column_scores({&runs[2], &runs[3]}, column).has_value());
  EXPECT_TRUE(column_scores({&runs[0], &runs[2]}, column).has_value());
}

TEST_F(ReportTest, SeparatesConfigurationsOfOneMethod) {
  RunRecord clipped = small_run("rtn", 1, {1, 1, 1, 1});
  RunRecord plain = small_run("rtn", 1, {0, 0, 0, 0});
  clipped.key = "clipped";
  clipped.resolved_config += "  clip: true\n";
  plain.resolved_config += "  clip: false\n";
  const auto store = store_with({clipped, plain});
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  ASSERT_EQ(settings[0].arms.size(), 2U);
  EXPECT_EQ(settings[0].arms[0].label, "RTN (clip: false)");
  EXPECT_EQ(settings[0].arms[1].label, "RTN (clip: true)");
}

TEST_F(ReportTest, AnExperimentsOwnNamesTellItsConfigurationsApart) {
  RunRecord clipped = small_run("rtn", 1, {1, 1, 1, 1});
  RunRecord plain = small_run("rtn", 1, {0, 0, 0, 0});
  clipped.key = "clipped";
  clipped.resolved_config += "  clip: true\n";
  clipped.arm = "rtn_clipped";
  plain.arm = "rtn";
  const auto store = store_with({clipped, plain});
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  std::set<std::string> labels;
  for (const auto& arm : settings[0].arms) labels.insert(arm.label);
  EXPECT_THAT(labels, ElementsAre("RTN (rtn)", "RTN (rtn_clipped)"));
}

RunRecord variant_run(const std::string& method, const std::string& lines, int right) {
  RunRecord run = small_run(method, 1, scores_of(right, 100));
  run.key = method + lines;
  run.resolved_config = "method:\n  name: " + method + "\n" + lines + "  epochs: 15\nseed: 1\n";
  return run;
}

TEST_F(ReportTest, EveryConfigurationOfFreeActIsComparedUnderItsOwnName) {
  auto none = variant_run("freeact", "  rank_fraction: 0.0\n", 90);
  auto some = variant_run("freeact", "  rank_fraction: 0.03125\n", 60);
  auto reference = variant_run("flatquant", "", 95);
  for (auto* run : {&none, &some, &reference}) run->layer_errors = {{0, "mlp.down", "mask", 0.5, 10}};
  const auto store = store_with({none, some, reference});
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  std::set<std::string> compared;
  for (const auto& comparison : comparisons(settings[0])) compared.insert(comparison.arm->label);
  EXPECT_THAT(compared, ElementsAre("FreeAct (rank_fraction: 0.0)", "FreeAct (rank_fraction: 0.03125)"));
  const auto sentences = findings(settings[0], comparisons(settings[0]));
  EXPECT_THAT(sentences, Contains(HasSubstr("FreeAct (rank_fraction: 0.0) minus FlatQuant is −5.0")));
  EXPECT_THAT(sentences, Contains(HasSubstr("FreeAct (rank_fraction: 0.03125) minus FlatQuant is −35.0")));
  EXPECT_THAT(sentences, Contains(HasSubstr("on mask tokens: FreeAct (rank_fraction: 0.03125) 0.5")));
}

TEST_F(ReportTest, TheReferenceIsThePlainestFlatQuant) {
  const auto store = store_with({variant_run("freeact", "", 60), variant_run("flatquant", "  start: wush\n", 90),
                                 variant_run("flatquant", "", 95), variant_run("rtn", "", 10)});
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  for (const auto& comparison : comparisons(settings[0]))
    EXPECT_EQ(comparison.reference->label, "FlatQuant (default)") << comparison.arm->label;
}

TEST_F(ReportTest, WhereCellsRanMakesNoOtherConfiguration) {
  auto first = small_run("rtn", 1, {1, 1, 1, 1}), second = small_run("rtn", 2, {1, 1, 1, 1});
  first.resolved_config = "launcher:\n  name: local\n  workers: 1\nseed: 1\n";
  second.resolved_config = "launcher:\n  name: local\n  workers: 2\nseed: 2\n";
  const auto store = store_with({first, second});
  const auto runs = load_runs(store, "");
  EXPECT_EQ(make_settings(runs)[0].arms.size(), 1U);
}

TEST_F(ReportTest, LabelsDifferEvenWhereTheirBeginningsAreLongAndAlike) {
  std::string common;
  for (int i = 0; i < 9; ++i) common += fmt::format("  setting_number_{}: {}\n", i, i);
  const auto store = store_with({variant_run("freeact", common + "  last: 1\n", 5),
                                 variant_run("freeact", common + "  last: 2\n", 5), variant_run("freeact", "", 5)});
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  std::set<std::string> labels;
  for (const auto& arm : settings[0].arms) labels.insert(arm.label);
  EXPECT_EQ(labels.size(), 3U);
}

TEST_F(ReportTest, ActivationsAreShownOnceForAllBitWidthsWithTheirLargestLayer) {
  const std::string html = html_of(plausible_runs());
  EXPECT_THAT(html, HasSubstr("id=\"activations_W4A4\""));
  EXPECT_THAT(html, HasSubstr("43.5 of 128"));  // 40 + the mean of layers 0 to 7
  EXPECT_THAT(html, HasSubstr("13.5<small>max 24.0 (layer 7)</small>"));
  EXPECT_THAT(html, HasSubstr("as under W4A4"));
  EXPECT_THAT(html, Not(HasSubstr("id=\"activations_W3A3\"")));
}

TEST_F(ReportTest, ActivationStatisticsHaveARowEachInTheirFile) {
  write_report(store_with(plausible_runs()), {.out_dir = folder_ / "out"});
  const std::string csv = read_file(folder_ / "out/activation_statistics.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 3 * 8 * 4 * 2);  // seeds, layers, sites, types
}

TEST_F(ReportTest, TrainingsAndLatenciesAreToldWithoutAnyRun) {
  auto store = store_with({});
  TrainingCurve curve{.name = "tiny <model>",
                      .recipe_hash = "abcdef0123",
                      .steps = 400,
                      .machine = "a machine",
                      .source_version = "0.1.0",
                      .points = {{200, 60, 1'000'000, {{"sort", 2.5}}, {}}}};
  store.add_training(curve);
  curve.points = {{400, 120, 2'000'000, {{"sort", 0.25}}, {{"exact_match sort", 99.5}}}};
  store.add_training(curve);
  LatencyRow row;
  row.name = "decode/fast";
  row.baseline = "decode/none";
  row.unit = "answer";
  row.median_s = 0.25;
  row.ratio = 1.5;
  row.ratio_low = 1.25;
  row.ratio_high = 1.75;
  store.add_latencies({row});
  const std::string html = render_html(make_report(store, {}));
  EXPECT_EQ(markup_fault(html, {"meta"}), "");
  EXPECT_THAT(html, Not(HasSubstr("holds no runs yet")));
  EXPECT_THAT(html, HasSubstr("Embedded models: training"));
  EXPECT_THAT(html, HasSubstr("400 of 400 steps, 2 million tokens in 2m 00s"));
  EXPECT_THAT(html, HasSubstr("measured at step 400: exact_match sort = 99.5"));
  EXPECT_THAT(html, HasSubstr("1.50<small>1.25 to 1.75</small>"));
  EXPECT_THAT(html, HasSubstr("250.00 ms per answer"));
}

TEST_F(ReportTest, UsesTheNewestRunOfASeedAndSaysSo) {
  RunRecord older = small_run("rtn", 1, {0, 0, 0, 0});
  older.key = "older";
  older.source_version = "0.0.9";
  const auto store = store_with({older, small_run("rtn", 1, {1, 1, 1, 1})});
  const auto runs = load_runs(store, "");
  const auto settings = make_settings(runs);
  EXPECT_THAT(column_values(settings[0].arms[0], settings[0].columns[0]), ElementsAre(100));
  const auto limits = caveats(runs, settings);
  EXPECT_THAT(limits, Contains(HasSubstr("left out because a newer run")));
  EXPECT_THAT(limits, Contains(HasSubstr("several source versions")));
}

TEST_F(ReportTest, AnEmptyStoreGivesAReportThatSaysSo) {
  EXPECT_THAT(html_of({}), HasSubstr("holds no runs yet"));
  write_report(store_with({}), {.out_dir = folder_ / "out"});
}

TEST_F(ReportTest, MissingTasksAreDashesAndNamed) {
  RunRecord rtn = plausible_run(plausible_methods()[1], "W4A4", 1, 1);
  std::erase_if(rtn.metrics, [](const Metric& metric) { return metric.task == "sort"; });
  RunRecord no_results = plausible_run(plausible_methods()[2], "W4A4", 1, 1);
  no_results.metrics.clear();
  no_results.samples.clear();
  no_results.layer_errors.clear();
  const std::string html = html_of({rtn, no_results, plausible_run(plausible_methods()[3], "W4A4", 1, 1)});
  EXPECT_THAT(html, HasSubstr(">–</td>"));
  EXPECT_THAT(html, HasSubstr("RTN lacks sort, Average exact match, NLL"));
  EXPECT_THAT(html, HasSubstr("no runs of 16-bit, FlatQuant, FreeAct"));
  EXPECT_THAT(html, HasSubstr("one seed only"));
  EXPECT_THAT(html, HasSubstr("Only W4A4 was measured"));
  EXPECT_EQ(markup_fault(html, {"meta"}), "");
}

TEST_F(ReportTest, NotANumberIsShownNotHidden) {
  RunRecord run = small_run("rtn", 1, {1, 1, 1, 1});
  run.metrics[0].value = std::numeric_limits<double>::quiet_NaN();
  run.layer_errors = {{0, "mlp.down", "mask", std::numeric_limits<double>::infinity(), 1}};
  EXPECT_THAT(html_of({run}), HasSubstr(">nan"));
}

TEST_F(ReportTest, EscapesNamesFromTheStore) {
  RunRecord run = small_run("<img>", 1, {1, 0, 1, 0});
  run.model = "a & b";
  run.metrics[0].task = run.samples[0].task = "<b>";
  const std::string html = html_of({run});
  EXPECT_EQ(markup_fault(html, {"meta"}), "");
  EXPECT_THAT(html, Not(HasSubstr("<img>")));
}

TEST_F(ReportTest, AnUnknownExperimentNamesTheKnownOnes) {
  const auto store = store_with(plausible_runs());
  try {
    make_report(store, {.experiment = "quickstrat"});
    FAIL() << "nothing was thrown";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("quickstart"));
  }
}

TEST_F(ReportTest, UnequalClippingIsSaid) {
  auto rtn = small_run("rtn", 1, {1, 0, 1, 1}), quarot = small_run("quarot", 1, {1, 1, 1, 1});
  rtn.resolved_config = "method:\n  name: rtn\n  w_clip: none\n  w_clip_ratio: 1.0\n  a_clip: none\n";
  quarot.resolved_config = "method:\n  name: quarot\n  w_clip: searched\n  a_clip: fixed\n  a_clip_ratio: 0.9\n";
  EXPECT_THAT(html_of({rtn, quarot}), testing::AllOf(HasSubstr("QuaRot (searched / fixed 0.9)"),
                                                     HasSubstr("<td class=\"text\">none / none</td>")));
}

TEST_F(ReportTest, ApproximateDecodingIsSaidByTask) {
  auto run = small_run("rtn", 1, {1, 0, 1, 1});
  const auto task = [](const std::string& name, const std::string& cache, const std::string& threshold) {
    return "  - name: " + name + "\n    generation:\n      acceleration:\n        kv_cache: " + cache +
           "\n        threshold: " + threshold + "\n";
  };
  run.resolved_config = "tasks:\n" + task("exact", "none", "0.0") + task("fast", "dual", "0.9");
  const std::string html = html_of({run});
  EXPECT_THAT(html, HasSubstr("fast: decoded with a dual KV cache / parallel threshold 0.9 (approximate)."));
  EXPECT_THAT(html, Not(HasSubstr("exact: decoded")));
}

TEST_F(ReportTest, EveryRunLinkedIsInTheAppendix) {
  const std::string html = html_of(plausible_runs());
  for (size_t id = 1; id <= plausible_runs().size(); ++id) {
    EXPECT_THAT(html, HasSubstr("<tr id=\"run-" + std::to_string(id) + "\">"));
    EXPECT_THAT(html, HasSubstr("href=\"#run-" + std::to_string(id) + "\""));
  }
}

TEST(Describe, ShowsTheActivationsOfTheMostUnequalLayer) {
  const std::string text = describe_run(plausible_run(plausible_methods()[0], "W4A4", 1, 1));
  EXPECT_THAT(text, HasSubstr("mlp.down          layer 7   effective rank 16.0 of 128"));
  EXPECT_THAT(describe_run(plausible_run(plausible_methods()[1], "W4A4", 1, 1)), Not(HasSubstr("effective rank")));
}

TEST(Describe, ShowsConfigurationMetricsAndTheWorstLayerFirst) {
  RunRecord run = plausible_run(plausible_methods()[4], "W3A3", 2, 1);
  run.layer_errors.push_back({5, "mlp.down", "mask", 0.9, 10});
  const std::string text = describe_run(run);
  EXPECT_THAT(text, HasSubstr("FlatQuant of tiny_dllm at W3A3, seed 2"));
  EXPECT_THAT(text, HasSubstr("name: flatquant"));
  EXPECT_THAT(text, HasSubstr("nll mask_ratio=0.25"));
  EXPECT_THAT(text, HasSubstr("largest relative layer errors\n  layer 5"));
}

TEST(Format, NumbersKeepTheirSigns) {
  EXPECT_EQ(format_difference(-0.04, "%"), "0.0");
  EXPECT_EQ(format_difference(-0.06, "%"), "−0.1");
  EXPECT_EQ(format_difference(1.25, "nats"), "+1.2500");
  EXPECT_EQ(format_value(-0.5, "nats"), "−0.5000");
  EXPECT_EQ(format_value(std::nan(""), "%"), "nan");
  EXPECT_EQ(format_value(std::numeric_limits<double>::infinity(), "nats"), "inf");
}

}  // namespace
}  // namespace freeact
