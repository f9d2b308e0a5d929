#include "report/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "report/plot.h"
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
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
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
}

TEST(Render, LatexTableHasAsManyCellsAsColumns) {
  const std::string latex = render_latex(nasty_table());
  EXPECT_THAT(latex, HasSubstr("\\begin{tabular}{lrr}"));
  EXPECT_THAT(latex, HasSubstr("Method & a,b & Runs \\\\"));
  EXPECT_THAT(latex, HasSubstr("\\textbf{97.7 $\\pm$ 1.2}"));
  EXPECT_EQ(std::count(latex.begin(), latex.end(), '{'), std::count(latex.begin(), latex.end(), '}'));
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

TEST(Plot, TicksAreRoundAndInside) {
  EXPECT_THAT(linear_ticks(0, 31, 5), testing::ElementsAre(0, 10, 20, 30));
  EXPECT_THAT(linear_ticks(0.9, 7.2, 5), testing::ElementsAre(2, 4, 6));
  EXPECT_THAT(log_ticks(0.0009, 0.2),
              testing::ElementsAre(testing::DoubleEq(0.001), testing::DoubleEq(0.01), testing::DoubleEq(0.1)));
  EXPECT_THAT(log_ticks(0.02, 0.06), testing::ElementsAre(testing::DoubleEq(0.02), testing::DoubleEq(0.05)));
}

}  // namespace
}  // namespace freeact
