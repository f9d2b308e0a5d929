#include "run/result_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "report/format.h"
#include "report/value_cells.h"

namespace freeact {
namespace {

constexpr size_t kLabelWidth = 26, kHeadingWidth = 10;  // longer names take several lines
constexpr const char* kGap = "  ";

enum class Place { kBest, kSecond, kOther };

struct Signs {
  const char *before, *behind;
};

Signs signs_of(Place place, MarkStyle style) {
  const bool terminal = style == MarkStyle::kTerminal;
  if (place == Place::kBest) return terminal ? Signs{"\x1b[1m", "\x1b[0m"} : Signs{"", "*"};
  if (place == Place::kSecond) return terminal ? Signs{"\x1b[4m", "\x1b[0m"} : Signs{"", "+"};
  return terminal ? Signs{"", ""} : Signs{"", " "};
}

// Columns of the terminal that a text takes.
size_t display_width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Breaks a text behind blanks, '_' and '/'; a longer piece has a line to itself.
std::vector<std::string> wrapped(const std::string& text, size_t width) {
  std::vector<std::string> lines;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = std::min(text.find_first_of(" _/", begin), text.size() - 1) + 1;
    const std::string piece = text.substr(begin, end - begin);
    const size_t piece_width = display_width(piece) - (piece.back() == ' ' ? 1 : 0);
    if (lines.empty() || display_width(lines.back()) + piece_width > width)
      lines.push_back(piece);
    else
      lines.back() += piece;
  }
  for (auto& line : lines)
    if (line.back() == ' ') line.pop_back();
  return lines;
}

size_t widest(const std::vector<std::string>& texts) {
  size_t width = 0;
  for (const auto& text : texts) width = std::max(width, display_width(text));
  return width;
}

struct TextColumn {
  std::vector<std::string> heading;  // lines
  std::vector<std::string> values;   // of each arm
  std::vector<Place> places;

  size_t width() const { return std::max(widest(heading), widest(values)); }
};

// What is best once the best are gone, is second.
std::vector<Place> places_in(const Setting& setting, const Column& column) {
  Setting rest = setting;
  std::erase_if(rest.arms, [&](const Arm& arm) { return is_best(setting, arm, column); });
  std::vector<Place> places;
  for (const Arm& arm : setting.arms)
    places.push_back(is_best(setting, arm, column) ? Place::kBest
                     : is_best(rest, arm, column)  ? Place::kSecond
                                                   : Place::kOther);
  return places;
}

TextColumn text_column(const Setting& setting, const Column& column) {
  TextColumn text{.heading = wrapped(column.heading, kHeadingWidth), .values = {}, .places = {}};
  for (auto& line : wrapped(common_mark(setting, column), kHeadingWidth)) text.heading.push_back(std::move(line));
  text.heading.push_back(column.unit + (column.unit.empty() ? "" : " ") + (column.higher_is_better ? "↑" : "↓"));
  for (const Arm& arm : setting.arms) {
    const auto values = column_values(arm, column);
    text.values.push_back(values.empty() ? std::string(kMissing) : format_value(mean(values), column.unit));
  }
  text.places = places_in(setting, column);
  return text;
}

std::string spaces(size_t width, const std::string& text) {
  return std::string(width - std::min(width, display_width(text)), ' ');
}

// "over 3 seeds", "over 1 to 3 seeds"
std::string seeds_text(const Setting& setting) {
  size_t least = setting.arms.front().runs.size(), most = least;
  for (const Arm& arm : setting.arms) {
    least = std::min(least, arm.runs.size());
    most = std::max(most, arm.runs.size());
  }
  return (least < most ? fmt::format("{} to ", least) : "") + count_of(most, "seed");
}

std::vector<std::string> heading_lines(const std::vector<TextColumn>& columns, size_t label_width, size_t mark_width) {
  size_t height = 0;
  for (const auto& column : columns) height = std::max(height, column.heading.size());
  std::vector<std::string> lines(height, std::string(label_width, ' '));
  for (const auto& column : columns)
    for (size_t i = 0; i < height; ++i) {
      const size_t above = height - column.heading.size();  // headings stand on the rows
      const std::string text = i < above ? "" : column.heading[i - above];
      lines[i] += kGap + spaces(column.width(), text) + text + std::string(mark_width, ' ');
    }
  return lines;
}

std::vector<std::string> row_lines(const std::vector<TextColumn>& columns, size_t row, const std::string& label,
                                   size_t label_width, MarkStyle style) {
  std::vector<std::string> lines = wrapped(label, kLabelWidth);
  lines.front() += spaces(label_width, lines.front());
  for (const auto& column : columns) {
    const std::string& value = column.values[row];
    const auto [before, behind] = signs_of(column.places[row], style);
    lines.front() += kGap + spaces(column.width(), value) + before + value + behind;
  }
  return lines;
}

std::string setting_table(const Setting& setting, MarkStyle style) {
  std::vector<TextColumn> columns;
  for (const Column& column : setting.columns) columns.push_back(text_column(setting, column));
  std::vector<std::string> label_lines;
  for (const Arm& arm : setting.arms)
    for (auto& line : wrapped(arm.label, kLabelWidth)) label_lines.push_back(std::move(line));
  const size_t label_width = widest(label_lines);
  std::vector<std::string> lines = {
      fmt::format("{}, {}, mean over {}", setting.model, setting.bits, seeds_text(setting))};
  for (auto& line : heading_lines(columns, label_width, style == MarkStyle::kTerminal ? 0 : 1))
    lines.push_back(std::move(line));
  for (size_t row = 0; row < setting.arms.size(); ++row)
    for (auto& line : row_lines(columns, row, setting.arms[row].label, label_width, style))
      lines.push_back(std::move(line));
  std::string text;
  for (const auto& line : lines) text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  return text;
}

const char* legend(MarkStyle style) {
  return style == MarkStyle::kTerminal ? "\x1b[1mbest\x1b[0m and \x1b[4msecond best\x1b[0m of the quantised methods\n"
                                       : "* best, + second best of the quantised methods\n";
}

bool has_marks(const Setting& setting) {
  return std::any_of(setting.columns.begin(), setting.columns.end(), [&](const Column& column) {
    return std::any_of(setting.arms.begin(), setting.arms.end(),
                       [&](const Arm& arm) { return is_best(setting, arm, column); });
  });
}

}  // namespace

std::string result_tables(const std::vector<Run>& runs, MarkStyle style) {
  const auto settings = make_settings(runs);
  std::string text;
  for (const Setting& setting : settings) text += (text.empty() ? "" : "\n") + setting_table(setting, style);
  return text + (std::any_of(settings.begin(), settings.end(), has_marks) ? legend(style) : "");
}

MarkStyle mark_style(bool is_terminal) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  const bool styled = is_terminal && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  return styled ? MarkStyle::kTerminal : MarkStyle::kCharacters;
}

}  // namespace freeact
