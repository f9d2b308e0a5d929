#include "report/published.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/comparison.h"
#include "report/format.h"
#include "util/error.h"
#include "util/fields.h"
#include "util/files.h"

namespace freeact {
namespace {

constexpr const char* kAverage = "average";

struct PublishedFile {
  std::vector<std::string> comment;
  std::vector<PublishedScore> scores;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("comment", comment, "for people");
    visit("scores", scores, "what was published");
  }
};

std::vector<PublishedScore> read_file_of_scores(const std::filesystem::path& path) {
  try {
    return read_fields<PublishedFile>(Json(read_json(path))).scores;
  } catch (const FieldError& error) {
    throw UserError("{}: {}", path.string(), error.what());
  }
}

// "llada_8b" and "llada_8b_base": one name begins the other, up to `separator`.
bool begins(const std::string& shorter, const std::string& longer, char separator) {
  return longer == shorter || longer.starts_with(shorter + separator);
}

bool is_about(const PublishedScore& score, const Setting& setting) {
  return (begins(score.model, setting.model, '_') || begins(setting.model, score.model, '_')) &&
         (score.method == "none" || score.bits == setting.bits);
}

bool is_score_of(const PublishedScore& score, const Column& column) {
  return column.sources.size() == 1 && column.unit == "%" && begins(score.task, column.sources[0].task, '/');
}

// Ours less theirs; the interval is that of our items, as theirs are unknown.
TableCell gap_cell(const Arm& arm, const Column& column, double published) {
  const double ours = mean(column_values(arm, column));
  if (std::isnan(ours)) return text_cell(std::string(kMissing));
  TableCell cell = text_cell(format_difference(ours - published, "%"));
  if (const Interval items = item_interval(arm, column); items.known())
    cell.note = format_range({ours - published, items.low - published, items.high - published}, "%", true);
  return cell;
}

TableCell average_cell(const PublishedScore& score) {
  TableCell cell = text_cell(fmt::format("{:.2f}", score.value));  // as Table 1 has them
  cell.tooltip = fmt::format("{}, {}: {}", score.source, score.model, score.settings);
  return cell;
}

const PublishedScore* find_average(const Setting& setting, const Arm& arm,
                                   const std::vector<PublishedScore>& published) {
  if (find_arm(setting, arm.method) != &arm) return nullptr;
  const auto found = std::find_if(published.begin(), published.end(), [&](const PublishedScore& score) {
    return score.task == kAverage && score.method == arm.method && is_about(score, setting);
  });
  return found == published.end() ? nullptr : &*found;
}

// With as many decimals as were published, at least one.
std::string published_text(const PublishedScore& score) {
  const std::string text = fmt::format("{}", score.value);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::vector<TableCell> published_row(const PublishedScore& score, const Arm& arm, const Column& column) {
  TableCell runs;
  for (const Run* run : arm.runs) runs.runs.push_back(run->id);
  const auto values = column_values(arm, column);
  return {text_cell(column.heading, subset_mark(arm.runs, column)),
          text_cell(arm.label),
          text_cell(fmt::format("{}, {}", score.source, score.model), score.settings),
          text_cell(published_text(score)),
          text_cell(values.empty() ? std::string(kMissing) : format_value(mean(values), column.unit)),
          gap_cell(arm, column, score.value),
          runs};
}

}  // namespace

std::vector<PublishedScore> read_published(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) return {};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<PublishedScore> all;
  for (const auto& file : files)
    for (auto& score : read_file_of_scores(file)) all.push_back(std::move(score));
  return all;
}

void add_published_average(Table& table, const Setting& setting, const std::vector<PublishedScore>& published) {
  std::vector<const PublishedScore*> averages;
  for (const auto& arm : setting.arms) averages.push_back(find_average(setting, arm, published));
  const auto first = std::find_if(averages.begin(), averages.end(), [](const auto* score) { return score != nullptr; });
  if (first == averages.end()) return;
  const Column* ours = accuracy_column(setting);
  const bool comparable = ours != nullptr && ours->sources.size() > 1;  // one task is no average
  table.columns.insert(table.columns.end(), {"Paper's average [%]", "Ours − paper [points]"});
  for (size_t i = 0; i < averages.size(); ++i) {
    const auto* score = averages[i];
    table.rows[i].push_back(score == nullptr ? text_cell(std::string(kMissing)) : average_cell(*score));
    table.rows[i].push_back(score == nullptr || !comparable ? text_cell(std::string(kMissing))
                                                            : gap_cell(setting.arms[i], *ours, score->value));
  }
  table.caption += fmt::format(
      " Paper's average: {} ({}). Our average is over the tasks of this table, so that the difference compares two "
      "sets "
      "of tasks and is no reproduction; its 95% interval knows the choice of our test items alone.",
      (*first)->source, (*first)->settings);
}

std::optional<Table> published_table(const Setting& setting, const std::vector<PublishedScore>& published) {
  Table table{
      .name = "published_" + file_stem(setting.title),
      .title = "Published scores, " + setting.title,
      .caption =
          "A published score is a target only where its settings, its split and its checkpoint are those of our "
          "runs, which this table cannot know. Second line of the difference: 95% interval for the choice of "
          "our test items; how sure the published score is, its source does not say.",
      .columns = {"Task", "Method", "Published by, for", "Published [%]", "Ours [%]", "Ours − published [points]",
                  "Runs"},
      .rows = {},
      .num_text_columns = 3};
  for (const auto& column : setting.columns)
    for (const auto& score : published) {
      const Arm* arm = find_arm(setting, score.method);
      if (arm != nullptr && is_about(score, setting) && is_score_of(score, column))
        table.rows.push_back(published_row(score, *arm, column));
    }
  if (table.rows.empty()) return std::nullopt;
  return table;
}

}  // namespace freeact
