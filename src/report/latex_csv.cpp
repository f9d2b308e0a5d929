#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/render.h"

namespace freeact {
namespace {

using Replacement = std::pair<std::string_view, std::string_view>;
constexpr auto kLatex = std::to_array<Replacement>({{"\\", "\\textbackslash{}"},
                                                    {"&", "\\&"},
                                                    {"%", "\\%"},
                                                    {"$", "\\$"},
                                                    {"#", "\\#"},
                                                    {"_", "\\_"},
                                                    {"{", "\\{"},
                                                    {"}", "\\}"},
                                                    {"[", "{[}"},  // after a line's end it would begin an argument
                                                    {"*", "{*}"},  // likewise
                                                    {"~", "\\textasciitilde{}"},
                                                    {"^", "\\textasciicircum{}"},
                                                    {"<", "\\textless{}"},
                                                    {">", "\\textgreater{}"},
                                                    {"|", "\\textbar{}"},
                                                    {"\n", " "},
                                                    {"\r", " "},
                                                    {"ŷ", "$\\hat{y}$"},
                                                    {"xᵀ", "$x^\\top$"},
                                                    {"ᵀ", "$^\\top$"},
                                                    {"²", "$^2$"},
                                                    {"‖", "$\\Vert$"},
                                                    {"±", "$\\pm$"},
                                                    {"×", "$\\times$"},
                                                    {"·", "$\\cdot$"},
                                                    {"−", "$-$"},
                                                    {"–", "--"},
                                                    {"—", "---"},
                                                    {"’", "'"},
                                                    {"“", "``"},
                                                    {"”", "''"},
                                                    {"…", "\\ldots{}"},
                                                    {"°", "$^\\circ$"},
                                                    {"µ", "$\\mu$"},
                                                    {"≤", "$\\le$"},
                                                    {"≥", "$\\ge$"},
                                                    {"≈", "$\\approx$"},
                                                    {"↑", "$\\uparrow$"},
                                                    {"↓", "$\\downarrow$"},
                                                    {"→", "$\\to$"},
                                                    {"Δ", "$\\Delta$"},
                                                    {"σ", "$\\sigma$"}});

// Lines of print that fill a page; a longer table is continued in the next one.
constexpr size_t kLinesOfPage = 36;
constexpr std::string_view kNoLetter = "ÐðÞþ";  // of Latin-1, those that LaTeX's own encoding lacks

// The bytes of the character that a text begins with; a byte that begins none counts by itself.
size_t character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(length, text.size());
}

// LaTeX stops at a character that it does not know, so that such ones are named by their number.
std::string plain_latex(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) >= 0x20 && byte(0) < 0x7F ? std::string(character) : "?";
  uint32_t code = byte(0) & (0x7FU >> character.size());
  for (size_t i = 1; i < character.size(); ++i) code = code << 6 | (byte(i) & 0x3FU);
  const bool letter = code >= 0xC0 && code <= 0xFF && kNoLetter.find(character) == std::string_view::npos;
  return letter ? std::string(character) : fmt::format("U+{:04X}", code);
}

bool is_text(const Table& table, size_t column) {
  return column < static_cast<size_t>(table.num_text_columns);
}

std::string latex_cell(const TableCell& cell, bool is_text) {
  std::string text = escape_latex(cell.runs.empty() ? cell.text : join_runs(cell.runs));
  if (cell.bold) text = fmt::format("\\textbf{{{}}}", text);
  if (cell.note.empty()) return text;
  return fmt::format("\\shortstack[{}]{{{}\\\\ {{\\scriptsize {}}}}}", is_text ? 'l' : 'r', text,
                     escape_latex(cell.note));
}

size_t lines_of(const std::vector<TableCell>& row) {
  return std::any_of(row.begin(), row.end(), [](const TableCell& cell) { return !cell.note.empty(); }) ? 2 : 1;
}

// The first row that finds no place on the page that begins with this one.
size_t end_of_page(const Table& table, size_t row) {
  size_t lines = 0;
  for (; row < table.rows.size(); ++row) {
    lines += lines_of(table.rows[row]);
    if (lines > kLinesOfPage) break;
  }
  return row;
}

std::string latex_caption(const Table& table, bool continued) {
  const std::string title = escape_latex(table.title);
  if (continued) return fmt::format("\\addtocounter{{table}}{{-1}}\n\\caption{{{} (continued).}}\n", title);
  return fmt::format("\\caption{{{}. {}}}\n\\label{{tab:{}}}\n", title, escape_latex(table.caption), table.name);
}

// The rows of one page, shrunk where they are wider than the text.
std::string latex_page(const Table& table, size_t begin, size_t end) {
  std::string alignment;
  std::string lines;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    alignment += is_text(table, i) ? 'l' : 'r';
    lines += (i == 0 ? "" : " & ") + escape_latex(table.columns[i]);
  }
  lines += " \\\\\n\\midrule\n";
  for (size_t row = begin; row < end; ++row) {
    const auto& cells = table.rows[row];
    for (size_t i = 0; i < cells.size(); ++i) lines += (i == 0 ? "" : " & ") + latex_cell(cells[i], is_text(table, i));
    lines += " \\\\\n";
  }
  return fmt::format(
      "\\begin{{table}}\n\\centering\n{}\\resizebox{{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}}{{!}}{{%\n"
      "\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\bottomrule\n\\end{{tabular}}}}\n\\end{{table}}\n",
      latex_caption(table, begin > 0), alignment, lines);
}

bool has_notes(const Table& table, size_t column) {
  return std::any_of(table.rows.begin(), table.rows.end(),
                     [&](const auto& row) { return column < row.size() && !row[column].note.empty(); });
}

}  // namespace

std::string escape_latex(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const auto* found =
        std::find_if(kLatex.begin(), kLatex.end(), [&](const Replacement& r) { return text.starts_with(r.first); });
    const size_t length = found == kLatex.end() ? character_length(text) : found->first.size();
    escaped += found == kLatex.end() ? plain_latex(text.substr(0, length)) : std::string(found->second);
    text.remove_prefix(length);
  }
  return escaped;
}

std::string render_latex(const Table& table) {
  std::string text = "% needs \\usepackage{booktabs,graphicx}\n";
  size_t begin = 0;
  do {
    const size_t end = end_of_page(table, begin);
    text += latex_page(table, begin, end);
    begin = end;
  } while (begin < table.rows.size());
  return text;
}

std::string escape_csv(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string render_csv(const Table& table) {
  std::string text;
  const auto add = [&](bool first, const std::string& value) {
    if (!first) text += ',';
    text += escape_csv(value);
  };
  for (size_t i = 0; i < table.columns.size(); ++i) {
    add(i == 0, table.columns[i]);
    if (has_notes(table, i)) add(false, table.columns[i] + " (note)");
  }
  text += "\r\n";
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      add(i == 0, row[i].runs.empty() ? row[i].text : join_runs(row[i].runs));
      if (has_notes(table, i)) add(false, row[i].note);
    }
    text += "\r\n";
  }
  return text;
}

}  // namespace freeact
