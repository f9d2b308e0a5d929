#include <fmt/format.h>

#include "report/render.h"

namespace freeact {
namespace {

// Colours are variables, so that the plots follow the reader's light or dark setting too.
constexpr const char* kStyle = R"css(
:root { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --rule: #d1d9e0; --stripe: #f6f8fa; --link: #0969da;
        --alarm: #b3261e; --alarm-paper: #fff1f0; --right: #1a7f37; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #12161c; --ink: #e6e9ee; --faint: #9aa4b0; --rule: #343c46; --stripe: #1a2028; --link: #6cb0ff;
          --alarm: #ff9d94; --alarm-paper: #34191a; --right: #56d07a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 5rem; max-width: 84rem; background: var(--paper); color: var(--ink);
       font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--rule); }
p { max-width: 60rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
.list { max-width: 66rem; margin: 1rem 0; padding: .8rem 1.1rem; border-left: 4px solid var(--rule);
        background: var(--stripe); border-radius: 0 6px 6px 0; }
.list.alarm { border-color: var(--alarm); background: var(--alarm-paper); }
.list strong { display: block; } .list ul { margin: .3rem 0 0; padding-left: 1.2rem; }
figure { margin: 1.5rem 0 2rem; } figure svg { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--faint); font-size: .9rem; max-width: 60rem; margin: .3rem 0 .5rem; }
figcaption b { color: var(--ink); font-size: 1rem; display: block; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; border-bottom: 1.5px solid var(--ink); }
thead th { border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink); font-weight: 600;
           vertical-align: bottom; }
th, td { padding: .35rem .8rem; text-align: right; vertical-align: top; } td { white-space: nowrap; }
.text { text-align: left; }
tbody tr:nth-child(even) { background: var(--stripe); } tbody tr:target { outline: 2px solid var(--link); }
td small { display: block; color: var(--faint); font-size: .78rem; }
td.bold { font-weight: 700; } td.bold small { font-weight: 400; } td.alarm { color: var(--alarm); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1rem; }
.card { border: 1px solid var(--rule); border-radius: 6px; padding: .8rem; min-width: 0; overflow-wrap: anywhere; }
.card small { color: var(--faint); } .card p { margin: .5rem 0; }
.card img { display: block; max-width: 100%; height: auto; } .card img.pixels { image-rendering: pixelated; }
.card dl { display: grid; grid-template-columns: fit-content(55%) 1fr; margin: .6rem 0 0; font-size: .92rem; }
.card dl div { display: contents; } .card dt, .card dd { padding: .15rem 0; border-top: 1px solid var(--rule); }
.card dt { padding-right: .8rem; color: var(--faint); overflow-wrap: break-word; } .card dd { margin: 0; min-width: 0; }
.card .right b { color: var(--right); } .card .wrong b { color: var(--alarm); }
@media print { .card { break-inside: avoid; } }
@media print { body { max-width: none; padding: 0; } figure { break-inside: avoid; } }
)css";

std::string run_links(const std::vector<int64_t>& runs) {
  std::string links;
  for (const int64_t id : runs)
    links += fmt::format("{}<a href=\"#{}\">{}</a>", links.empty() ? "" : ", ", run_anchor(id), id);
  return links;
}

std::string cell_class(const TableCell& cell, bool is_text) {
  std::string names = is_text ? "text" : "";
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

struct BlockWriter {
  std::string operator()(const Heading& heading) const {
    return fmt::format("<h2>{}</h2>\n", escape_html(heading.text));
  }
  std::string operator()(const Paragraph& paragraph) const {
    return fmt::format("<p>{}</p>\n", escape_html(paragraph.text));
  }
  std::string operator()(const BulletList& list) const {
    std::string html = fmt::format("<div class=\"list{}\"><strong>{}</strong><ul>\n", list.alarm ? " alarm" : "",
                                   escape_html(list.title));
    for (const auto& item : list.items) html += fmt::format("<li>{}</li>\n", escape_html(item));
    return html + "</ul></div>\n";
  }
  std::string operator()(const Table& table) const { return render_table(table); }
  std::string operator()(const Figure& figure) const {
    return fmt::format("<figure id=\"{}\"><div class=\"wide\">{}</div><figcaption>{}</figcaption></figure>\n",
                       escape_html(figure.name), figure.svg, escape_html(figure.caption));
  }
  std::string operator()(const Gallery& gallery) const { return render_html(gallery); }
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

std::string render_html(const Document& document) {
  const std::string title = escape_html(document.title);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n"
      "<h1>{0}</h1>\n",
      title, kStyle);
  for (const auto& block : document.blocks) html += std::visit(BlockWriter{}, block);
  return html + "</body>\n</html>\n";
}

}  // namespace freeact
