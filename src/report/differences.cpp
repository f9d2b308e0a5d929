// Every method against the reference.
#include <fmt/format.h>

#include <algorithm>

#include "report/format.h"
#include "report/tables.h"
#include "report/value_cells.h"

namespace freeact {
namespace {

constexpr const char* kReferenceMethod = "flatquant";
constexpr const char* kOwnMethod = "freeact";

std::string interval_text(const Interval& interval, const Comparison& comparison) {
  return interval.known() ? format_range(interval, comparison.unit(), true) : std::string(kMissing);
}

std::vector<TableCell> difference_row(const Comparison& comparison) {
  TableCell name = text_cell(fmt::format("{} − {}", comparison.arm->label, comparison.reference->label));
  name.bold = comparison.arm->method == kOwnMethod;
  const TableCell metric = text_cell(metric_text(comparison), subset_mark(comparison.runs, *comparison.column));
  if (comparison.runs.empty())
    return {name,
            metric,
            missing_cell("no seed in common"),
            text_cell("0"),
            missing_cell(""),
            missing_cell(""),
            text_cell(verdict_text(comparison)),
            text_cell("")};
  TableCell difference = text_cell(difference_text(comparison));
  if (comparison.column->logarithmic) difference.note = ratio_text(comparison);
  difference.tooltip = runs_text(comparison.runs);
  TableCell items = text_cell(interval_text(comparison.by_item, comparison));
  if (comparison.by_item.known()) items.note = comparison.paired_items ? "paired bootstrap" : "standard errors";
  TableCell verdict = text_cell(verdict_text(comparison));
  verdict.alarm = comparison.worse() && comparison.arm->method == kOwnMethod;
  return {name,
          metric,
          difference,
          text_cell(std::to_string(comparison.num_seeds())),
          text_cell(interval_text(comparison.by_seed, comparison)),
          items,
          verdict,
          runs_cell(comparison.runs)};
}

// What it is worth among all tests of the table, and who alone was right.
TableCell test_cell(const Comparison& comparison) {
  if (!comparison.discordance) return missing_cell("no right-or-wrong answers to the same items");
  TableCell cell =
      text_cell(p_value_text(comparison.adjusted_p_value),
                fmt::format("{} / {} alone right", comparison.discordance->arm, comparison.discordance->reference));
  cell.tooltip = "by itself " + p_value_text(comparison.p_value);
  return cell;
}

// Before the verdict. Does nothing where no comparison was tested.
void add_tests(Table& table, const std::vector<Comparison>& comparisons) {
  const auto tests = std::count_if(comparisons.begin(), comparisons.end(),
                                   [](const Comparison& comparison) { return comparison.discordance.has_value(); });
  if (tests == 0) return;
  const auto verdict = std::find(table.columns.begin(), table.columns.end(), "Verdict") - table.columns.begin();
  table.columns.insert(table.columns.begin() + verdict, 1, "McNemar's p (Holm)");
  for (size_t i = 0; i < comparisons.size(); ++i)
    table.rows[i].insert(table.rows[i].begin() + verdict, test_cell(comparisons[i]));
  table.caption += fmt::format(
      " McNemar's exact test, two-sided, of the items that the first method alone answers right against those that the "
      "reference alone does, all tasks of an average together; of several seeds an item counts once, for the method "
      "that is right in more of them. p is adjusted by Holm's method for the {} of this table's {}.",
      count_of(static_cast<size_t>(tests), "test"), count_of(comparisons.size(), "comparison"));
}

}  // namespace

std::vector<Comparison> comparisons(const Setting& setting) {
  std::vector<Comparison> all;
  const Arm* reference = find_arm(setting, kReferenceMethod);
  if (reference == nullptr) return all;
  const auto add = [&](const Arm& arm, bool every_column) {
    for (const auto& column : setting.columns)
      if (every_column || is_summary(setting, column)) all.push_back(compare(arm, *reference, column));
  };
  for (const Arm* own : find_arms(setting, kOwnMethod)) add(*own, true);  // FreeAct first: it is the question
  for (const auto& arm : setting.arms)
    if (arm.method != kOwnMethod && &arm != reference) add(arm, false);
  adjust_p_values(all);
  return all;
}

Table difference_table(const Setting& setting, const std::vector<Comparison>& comparisons) {
  Table table{
      .name = "differences_" + file_stem(setting.title),
      .title = "Paired differences, " + setting.title,
      .caption =
          "Positive: more than the reference; for NLL and perplexity that is worse. Perplexities are compared by their "
          "logarithms, segment by segment; × is their ratio. Over seeds: Student's t on the differences of equal "
          "seeds. Over items: bootstrap over seeds and test items at once, both methods on the same ones. A difference "
          "counts as separable only when both 95% intervals exclude zero; intervals are not corrected for the number "
          "of comparisons.",
      .columns = {"Difference of", "Metric", "Mean", "Seeds", "95% over seeds", "95% over items", "Verdict", "Runs"},
      .rows = {},
      .num_text_columns = 2};
  for (const auto& comparison : comparisons) table.rows.push_back(difference_row(comparison));
  add_tests(table, comparisons);
  return table;
}

}  // namespace freeact
