#include "report/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "report/plot.h"
#include "report/plot_axes.h"
#include "report/plot_drawing.h"
#include "xml_balance.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::Not;

Table nasty_table() {
  TableCell method{.text = "R&D <b>|x|_100%</b>", .note = {}, .tooltip = "say \"run\"", .runs = {}, .anchor = {}};
  TableCell value{.text = "97.7 ± 1.2", .note = "n < 5", .tooltip = {}, .bold = true, .runs = {}, .anchor = {}};
  TableCell runs{.text = {}, .note = {}, .tooltip = {}, .runs = {3, 7}, .anchor = {}};
  return {.name = "t",
          .title = "A & B",
          .caption = "x_y",
          .columns = {"Method", "a,b", "Runs"},
          .rows = {{method, value, runs}}};
}

TEST(Render, HtmlEscapesTextAndAttributes) {
  const std::string html = render_html({.title = "<script>", .blocks = {nasty_table(), Paragraph{"a < b"}}});
  EXPECT_THAT(html, HasSubstr("R&amp;D &lt;b&gt;|x|_100%&lt;/b&gt;"));
  EXPECT_THAT(html, HasSubstr("title=\"say &quot;run&quot;\""));
  EXPECT_THAT(html, Not(HasSubstr("<script></title>")));
  EXPECT_THAT(html, HasSubstr("<h1>&lt;script&gt;</h1>"));
  EXPECT_EQ(markup_fault(html, {"meta"}), "");
}

TEST(Render, HtmlLinksRunsAndNeedsNoNetwork) {
  const std::string html = render_html({.title = "t", .blocks = {nasty_table()}});
  EXPECT_THAT(html, HasSubstr("<a href=\"#run-3\">3</a>, <a href=\"#run-7\">7</a>"));
  for (const char* outside : {"http:", "https:", "src=", "@import", "url("}) EXPECT_THAT(html, Not(HasSubstr(outside)));
}

TEST(Render, MarkdownKeepsTheRowsOfATableTogether) {
  Table table = nasty_table();
  table.rows[0][0].text += "\nsecond line";
  const std::string markdown = render_markdown({.title = "t", .blocks = {table}});
  EXPECT_THAT(markdown, HasSubstr("| R&D \\<b\\>\\|x\\|\\_100%\\</b\\> second line | **97.7 ± 1.2** (n \\< 5) | "
                                  "[3](#run-3), [7](#run-7) |\n"));
  EXPECT_THAT(markdown, HasSubstr("| --- | ---: | ---: |"));
}

TEST(Render, LatexEscapesSpecials) {
  EXPECT_EQ(escape_latex("a_b & 5% of $x^2$ {#} ~ \\"),
            "a\\_b \\& 5\\% of \\$x\\textasciicircum{}2\\$ \\{\\#\\} \\textasciitilde{} \\textbackslash{}");
  EXPECT_EQ(escape_latex("−1.2 ± 0.3 – ↑"), "$-$1.2 $\\pm$ 0.3 -- $\\uparrow$");
  EXPECT_EQ(escape_latex("[1] *\n"), "{[}1] {*} ");      // what would go on with the command before it
  EXPECT_EQ(escape_latex("é✓þ\x01"), "éU+2713U+00FE?");  // what LaTeX does not know is named
}

TEST(Render, LatexTableHasAsManyCellsAsColumns) {
  const std::string latex = render_latex(nasty_table());
  EXPECT_THAT(latex, HasSubstr("\\begin{tabular}{lrr}"));
  EXPECT_THAT(latex, HasSubstr("Method & a,b & Runs \\\\"));
  EXPECT_THAT(latex, HasSubstr("\\textbf{97.7 $\\pm$ 1.2}"));
  EXPECT_EQ(std::count(latex.begin(), latex.end(), '{'), std::count(latex.begin(), latex.end(), '}'));
}

TEST(Render, LatexContinuesALongTableOnTheNextPage) {
  Table table = nasty_table();
  table.rows.resize(100, table.rows[0]);
  const std::string latex = render_latex(table);
  const auto count = [&](const std::string& text) {
    size_t found = 0;
    for (size_t at = latex.find(text); at != std::string::npos; at = latex.find(text, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("97.7"), 100U);
  EXPECT_GT(count("\\end{table}"), 1U);
  EXPECT_EQ(count("\\label{tab:t}"), 1U);
  EXPECT_EQ(count("(continued)") + 1, count("\\end{table}"));
}

TEST(Render, ContentsLeadToEveryHeading) {
  const std::string html = render_html({.title = "t", .blocks = {Heading{"W4A4 & more"}, Heading{"Runs"}}});
  EXPECT_THAT(html, HasSubstr("<a href=\"#section-W4A4___more\">W4A4 &amp; more</a>"));
  EXPECT_THAT(html, HasSubstr("<h2 id=\"section-W4A4___more\">W4A4 &amp; more</h2>"));
  EXPECT_THAT(render_html({.title = "t", .blocks = {Heading{"Runs"}}}), Not(HasSubstr("<nav")));
}

TEST(Render, CsvQuotesAndGivesNotesTheirOwnColumn) {
  EXPECT_EQ(render_csv(nasty_table()),
            "Method,\"a,b\",\"a,b (note)\",Runs\r\nR&D <b>|x|_100%</b>,97.7 ± 1.2,n < 5,\"3, 7\"\r\n");
  EXPECT_EQ(escape_csv("say \"x\"\n"), "\"say \"\"x\"\"\n\"");
}

LinePlot small_plot() {
  return {.title = "Error <1>",
          .x_label = "layer",
          .y_label = "error",
          .log_y = true,
          .labels = {"A & B", "C"},
          .panels = {{"visible", "qkv", {{"A & B", {0, 1, 2}, {0.1, 0.02, 0.003}}, {"C", {0, 1}, {0.5, 0.2}}}},
                     {"mask", "down", {{"C", {0, 1, 2}, {0.0, std::nan(""), 0.01}}}}}};
}

TEST(Plot, IsWellFormed) {
  const std::string svg = render_svg(small_plot());
  EXPECT_EQ(markup_fault(svg), "");
  EXPECT_THAT(svg, HasSubstr("Error &lt;1&gt;"));
}

TEST(Plot, LeavesOutWhatALogarithmCannotShow) {
  const std::string svg = render_svg(small_plot());
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(Plot, SurvivesNoDataAndASinglePoint) {
  LinePlot plot{.title = "t", .x_label = "x", .y_label = "y", .log_y = true, .labels = {}, .panels = {}};
  for (const bool log_y : {true, false}) {
    plot.log_y = log_y;
    plot.panels = {{"r", "c", {}}};
    EXPECT_THAT(render_svg(plot), Not(HasSubstr("nan")));
    plot.panels = {{"r", "c", {{"a", {3}, {0.5}}}}};
    EXPECT_THAT(render_svg(plot), Not(HasSubstr("nan")));
  }
}

TEST(Plot, HigherValuesAreDrawnHigher) {
  LinePlot plot = small_plot();
  plot.panels = {{"r", "c", {{"A & B", {0, 1}, {0.001, 0.1}}}}};
  const std::string svg = render_svg(plot);
  std::smatch path;
  ASSERT_TRUE(std::regex_search(svg, path, std::regex("d=\"M([0-9.]+) ([0-9.]+)L([0-9.]+) ([0-9.]+)\"")));
  EXPECT_LT(std::stod(path[1]), std::stod(path[3]));
  EXPECT_GT(std::stod(path[2]), std::stod(path[4]));  // y of SVG points down
}

TEST(Plot, RowsOfTheirOwnKeepSmallQuantitiesVisible) {
  LinePlot plot = small_plot();
  plot.log_y = false;
  plot.labels = {"s"};
  plot.panels = {{"large", "c", {{"s", {0, 1}, {0, 1000}}}}, {"small", "c", {{"s", {0, 1}, {0, 1}}}}};
  const auto rise_of_last_line = [](const LinePlot& shown) {
    const std::string svg = render_svg(shown);
    double rise = 0;
    const std::regex line("d=\"M[0-9.]+ ([0-9.]+)L[0-9.]+ ([0-9.]+)\"");
    for (std::sregex_iterator match(svg.begin(), svg.end(), line), end; match != end; ++match)
      rise = std::stod((*match)[1]) - std::stod((*match)[2]);
    return rise;
  };
  EXPECT_LT(rise_of_last_line(plot), 1);
  plot.own_rows = true;
  EXPECT_GT(rise_of_last_line(plot), 100);
}

TEST(Plot, HoldsItsOwnNumbers) {
  const auto [svg, data] = take_data(render_svg(small_plot()));
  EXPECT_THAT(svg, Not(HasSubstr("metadata")));
  EXPECT_EQ(markup_fault(svg), "");
  EXPECT_THAT(data, HasSubstr("row,column,series,layer,error\nvisible,qkv,A &amp; B,0,0.1\n"));
  EXPECT_THAT(data, HasSubstr("mask,down,C,1,\n"));  // not a number: no value
  EXPECT_EQ(take_data("<svg></svg>").svg, "<svg></svg>");
}

TEST(Plot, AnErrorOfRoundingAloneDoesNotSqueezeTheOthers) {
  LinePlot plot = small_plot();
  plot.panels = {{"r", "c", {{"C", {0, 1, 2}, {0.1, 0.2, 1e-15}}}}};
  const std::string svg = take_data(render_svg(plot)).svg;
  EXPECT_THAT(svg, HasSubstr("lie on the lower edge"));
  EXPECT_THAT(svg, Not(HasSubstr("1e-07")));
  EXPECT_THAT(render_svg(small_plot()), Not(HasSubstr("lower edge")));
}

TEST(Plot, ManySeriesAndPanelsStayOnThePage) {
  LinePlot plot = small_plot();
  plot.labels.clear();
  plot.panels.clear();
  for (int i = 0; i < 12; ++i)
    plot.panels.push_back(
        {"r", fmt::format("panel {}", i), {{fmt::format("a rather long label {}", i), {0, 1}, {1, 2}}}});
  const std::string svg = render_svg(plot);
  std::smatch width;
  ASSERT_TRUE(std::regex_search(svg, width, std::regex("width=\"([0-9]+)\"")));
  EXPECT_LT(std::stoi(width[1]), 1200);
  std::set<std::string> looks;  // of the lines and markers in the legend
  const std::regex entry("(class=\"line[a-z ]*\" stroke=\"[#0-9a-f]+\") d=\"M[0-9. ]+h24\"/><([a-z]+)");
  for (std::sregex_iterator match(svg.begin(), svg.end(), entry), end; match != end; ++match)
    looks.insert((*match)[1].str() + (*match)[2].str());
  EXPECT_EQ(looks.size(), 12U);
}

TEST(Plot, TicksAreRoundAndInside) {
  EXPECT_THAT(linear_ticks(0, 31, 5), testing::ElementsAre(0, 10, 20, 30));
  EXPECT_THAT(linear_ticks(0.9, 7.2, 5), testing::ElementsAre(2, 4, 6));
  EXPECT_THAT(log_ticks(0.0009, 0.2),
              testing::ElementsAre(testing::DoubleEq(0.001), testing::DoubleEq(0.01), testing::DoubleEq(0.1)));
  EXPECT_LE(log_ticks(1e-14, 1).size(), 7U);
  EXPECT_THAT(log_ticks(0.02, 0.06), testing::ElementsAre(testing::DoubleEq(0.02), testing::DoubleEq(0.05)));
}

}  // namespace
}  // namespace freeact
