#include <fmt/format.h>

#include "report/render.h"

namespace freeact {
namespace {

std::string cell_text(const TableCell& cell) {
  if (!cell.runs.empty()) {
    std::string links;
    for (const int64_t id : cell.runs)
      links += fmt::format("{}[{}](#{})", links.empty() ? "" : ", ", id, run_anchor(id));
    return links;
  }
  std::string text = escape_markdown(cell.text);
  if (cell.bold) text = "**" + text + "**";
  if (!cell.anchor.empty()) text = fmt::format("<a id=\"{}\"></a>{}", escape_html(cell.anchor), text);
  if (!cell.note.empty()) text += " (" + escape_markdown(cell.note) + ")";
  return text;
}

std::string render_table(const Table& table) {
  std::string head = "|";
  std::string rule = "|";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    head += fmt::format(" {} |", escape_markdown(table.columns[i]));
    rule += i < static_cast<size_t>(table.num_text_columns) ? " --- |" : " ---: |";
  }
  std::string text = fmt::format("**{}**\n\n{}\n{}\n", escape_markdown(table.title), head, rule);
  for (const auto& row : table.rows) {
    text += "|";
    for (const auto& cell : row) text += fmt::format(" {} |", cell_text(cell));
    text += "\n";
  }
  return text + (table.caption.empty() ? "\n" : fmt::format("\n{}\n\n", escape_markdown(table.caption)));
}

struct BlockWriter {
  std::string operator()(const Heading& heading) const {
    return fmt::format("## {}\n\n", escape_markdown(heading.text));
  }
  std::string operator()(const Paragraph& paragraph) const { return escape_markdown(paragraph.text) + "\n\n"; }
  std::string operator()(const Link& link) const {
    return fmt::format("[{}]({})\n\n", escape_markdown(link.text), link.file);
  }
  std::string operator()(const BulletList& list) const {
    std::string text = fmt::format("**{}**\n\n", escape_markdown(list.title));
    for (const auto& item : list.items) text += "- " + escape_markdown(item) + "\n";
    return text + "\n";
  }
  std::string operator()(const Table& table) const { return render_table(table); }
  std::string operator()(const Figure& figure) const {
    return fmt::format("![{0}](figures/{1}.svg)\n\n{0}\n\n", escape_markdown(figure.caption), figure.name);
  }
  std::string operator()(const Gallery& gallery) const { return render_table(text_table(gallery)); }
  std::string operator()(const UnmaskingMap& map) const { return render_table(text_table(map)); }
};

}  // namespace

std::string escape_markdown(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += ' ';  // a line break would end a table row
    } else {
      if (std::string_view("\\`*_[]<>|#").find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

std::string render_markdown(const ReportDocument& document) {
  std::string text = fmt::format("# {}\n\n", escape_markdown(document.title));
  for (const auto& block : document.blocks) text += std::visit(BlockWriter{}, block);
  return text;
}

}  // namespace freeact
