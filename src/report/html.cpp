#include <fmt/format.h>

#include "report/format.h"
#include "report/page_assets.h"
#include "report/plot_drawing.h"
#include "report/render.h"

namespace freeact {
namespace {

// Nothing of the page comes from elsewhere, whatever texts of models stand in it.
constexpr const char* kPolicy =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

constexpr size_t kLongText = 60;  // characters of a cell that shall not become a narrow pillar of words

std::string run_links(const std::vector<int64_t>& runs) {
  std::string links;
  for (const int64_t id : runs)
    links += fmt::format("{}<a href=\"#{}\">{}</a>", links.empty() ? "" : ", ", run_anchor(id), id);
  return links;
}

std::string cell_class(const TableCell& cell, bool is_text) {
  std::string names = is_text ? "text" : "";
  if (is_text && cell.text.size() > kLongText) names += " long";
  if (cell.bold) names += " bold";
  if (cell.alarm) names += " alarm";
  return names.empty() ? "" : fmt::format(" class=\"{}\"", names);
}

std::string render_cell(const TableCell& cell, bool is_text) {
  std::string html = "<td" + cell_class(cell, is_text);
  if (!cell.tooltip.empty()) html += fmt::format(" title=\"{}\"", escape_html(cell.tooltip));
  html += ">";
  html += cell.runs.empty() ? escape_html(cell.text) : run_links(cell.runs);
  if (!cell.note.empty()) html += fmt::format("<small>{}</small>", escape_html(cell.note));
  return html + "</td>";
}

std::string row_anchor(const std::vector<TableCell>& row) {
  for (const auto& cell : row)
    if (!cell.anchor.empty()) return fmt::format(" id=\"{}\"", escape_html(cell.anchor));
  return "";
}

std::string render_table(const Table& table) {
  const auto is_text = [&](size_t column) { return column < static_cast<size_t>(table.num_text_columns); };
  std::string html = fmt::format("<figure id=\"{}\"><figcaption><b>{}</b>{}</figcaption><div class=\"wide\"><table>",
                                 escape_html(table.name), escape_html(table.title), escape_html(table.caption));
  html += "\n<thead><tr>";
  for (size_t i = 0; i < table.columns.size(); ++i)
    html += fmt::format("<th{}>{}</th>", is_text(i) ? " class=\"text\"" : "", escape_html(table.columns[i]));
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    html += fmt::format("<tr{}>", row_anchor(row));
    for (size_t i = 0; i < row.size(); ++i) html += render_cell(row[i], is_text(i));
    html += "</tr>\n";
  }
  return html + "</tbody></table></div></figure>\n";
}

std::string heading_anchor(const Heading& heading) {
  return "section-" + file_stem(heading.text);
}

// Links to all headings; nothing where there is but one.
std::string render_contents(const ReportDocument& document) {
  std::string links;
  size_t count = 0;
  for (const auto& block : document.blocks)
    if (const auto* heading = std::get_if<Heading>(&block)) {
      links += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", heading_anchor(*heading), escape_html(heading->text));
      ++count;
    }
  return count < 2 ? "" : fmt::format("<nav aria-label=\"Contents\"><ul>\n{}</ul></nav>\n", links);
}

// The script offers what stands in the template as a file. A table may have the same name.
std::string render_figure(const Figure& figure) {
  const auto [svg, data] = take_data(figure.svg);
  const std::string csv = data.empty() ? "" : fmt::format("<template class=\"csv\">{}</template>", data);
  return fmt::format("<figure id=\"figure-{}\"><div class=\"wide\">{}</div>{}<figcaption>{}</figcaption></figure>\n",
                     escape_html(figure.name), svg, csv, escape_html(figure.caption));
}

struct BlockWriter {
  std::string operator()(const Heading& heading) const {
    return fmt::format("<h2 id=\"{}\">{}</h2>\n", heading_anchor(heading), escape_html(heading.text));
  }
  std::string operator()(const Paragraph& paragraph) const {
    return fmt::format("<p>{}</p>\n", escape_html(paragraph.text));
  }
  std::string operator()(const Link& link) const {
    return fmt::format("<p><a href=\"{}\">{}</a></p>\n", escape_html(link.file), escape_html(link.text));
  }
  std::string operator()(const BulletList& list) const {
    std::string html = fmt::format("<div class=\"list{}\"><strong>{}</strong><ul>\n", list.alarm ? " alarm" : "",
                                   escape_html(list.title));
    for (const auto& item : list.items) html += fmt::format("<li>{}</li>\n", escape_html(item));
    return html + "</ul></div>\n";
  }
  std::string operator()(const Table& table) const { return render_table(table); }
  std::string operator()(const Figure& figure) const { return render_figure(figure); }
  std::string operator()(const Gallery& gallery) const { return render_html(gallery); }
  std::string operator()(const UnmaskingMap& map) const { return render_html(map); }
};

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string join_runs(const std::vector<int64_t>& runs) {
  std::string text;
  for (const int64_t id : runs) text += (text.empty() ? "" : ", ") + std::to_string(id);
  return text;
}

std::string render_html(const ReportDocument& document) {
  const std::string title = escape_html(document.title);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{1}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0}</title>\n<style>{2}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
      title, kPolicy, page_style());
  html += render_contents(document);
  for (const auto& block : document.blocks) html += std::visit(BlockWriter{}, block);
  return html + fmt::format("<script>{}</script>\n</body>\n</html>\n", page_script());
}

}  // namespace freeact
