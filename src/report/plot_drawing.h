// What all plots are drawn with, as SVG. Sizes and places are in user units, pixels at natural size.
#pragma once

#include <cstddef>
#include <string>

namespace freeact {

std::string text_at(double x, double y, const char* anchor, const char* css_class, const std::string& text);
// Read from bottom to top.
std::string upright_text(double x, double y, const char* css_class, const std::string& text);
// About how wide a text will be.
double width_of(const std::string& text);

// The style-th of a set: Okabe and Ito's colours, which the colour-blind can tell apart, and a marker of that colour:
// circle, square, triangle, diamond in turn.
const char* colour_of(size_t style);
std::string marker(size_t style, double x, double y);
// A path in that colour, of the styles after the seventh in dashes.
std::string line(size_t style, const std::string& path);

// The <style> element of plots: text sizes and the page's colours.
std::string svg_style();

// A whole <svg> element of this size around what is drawn on its paper. The numbers behind it go into its
// <metadata>, so that the file of a figure holds its own data: CSV with bare line feeds, as readers of XML and HTML
// make them of all line ends.
std::string svg_document(const std::string& title, double width, double height, const std::string& body,
                         const std::string& data_csv = "");

// A figure without its <metadata>, and the text of these with its markup escaped.
struct BareFigure {
  std::string svg;
  std::string escaped_data;
};
BareFigure take_data(const std::string& svg);

// A number in data; empty where there is no value.
std::string number_text(double value);

}  // namespace freeact
