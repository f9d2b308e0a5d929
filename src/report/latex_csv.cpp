#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/render.h"

namespace freeact {
namespace {

using Replacement = std::pair<std::string_view, std::string_view>;
constexpr std::array<Replacement, 22> kLatex = {{{"\\", "\\textbackslash{}"},
                                                 {"&", "\\&"},
                                                 {"%", "\\%"},
                                                 {"$", "\\$"},
                                                 {"#", "\\#"},
                                                 {"_", "\\_"},
                                                 {"{", "\\{"},
                                                 {"}", "\\}"},
                                                 {"~", "\\textasciitilde{}"},
                                                 {"^", "\\textasciicircum{}"},
                                                 {"<", "\\textless{}"},
                                                 {">", "\\textgreater{}"},
                                                 {"±", "$\\pm$"},
                                                 {"−", "$-$"},
                                                 {"–", "--"},
                                                 {"×", "$\\times$"},
                                                 {"…", "\\ldots{}"},
                                                 {"↑", "$\\uparrow$"},
                                                 {"↓", "$\\downarrow$"},
                                                 {"ŷ", "$\\hat{y}$"},
                                                 {"²", "$^2$"},
                                                 {"|", "\\textbar{}"}}};

std::string latex_cell(const TableCell& cell) {
  std::string text = escape_latex(cell.runs.empty() ? cell.text : join_runs(cell.runs));
  if (cell.bold) text = "\\textbf{" + text + "}";
  if (cell.note.empty()) return text;
  return fmt::format("\\shortstack[r]{{{}\\\\ {{\\scriptsize {}}}}}", text, escape_latex(cell.note));
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
    const size_t length = found == kLatex.end() ? 1 : found->first.size();
    escaped += found == kLatex.end() ? text.substr(0, 1) : found->second;
    text.remove_prefix(length);
  }
  return escaped;
}

std::string render_latex(const Table& table) {
  std::string alignment;
  std::string head;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    alignment += i < static_cast<size_t>(table.num_text_columns) ? 'l' : 'r';
    head += (i == 0 ? "" : " & ") + escape_latex(table.columns[i]);
  }
  std::string text = fmt::format(
      "% needs \\usepackage{{booktabs}}\n\\begin{{table}}\n\\centering\n\\caption{{{}. {}}}\n\\label{{tab:{}}}\n"
      "\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n",
      escape_latex(table.title), escape_latex(table.caption), table.name, alignment, head);
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : " & ") + latex_cell(row[i]);
    text += " \\\\\n";
  }
  return text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
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
