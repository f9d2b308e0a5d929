#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "report/render.h"

namespace freeact {
namespace {

constexpr uint32_t kShownSide = 224;  // pixels that small pictures are enlarged to at most

// Width and height as the first chunk of a PNG file states them; zeros when these bytes are no PNG.
struct Size {
  uint32_t width = 0, height = 0;
};

Size png_size(std::string_view png) {
  constexpr size_t kWidthAt = 16, kHeightAt = 20;
  if (!png.starts_with("\x89PNG\r\n\x1a\n") || png.size() < kHeightAt + 4) return {};
  const auto big_endian = [&](size_t at) {
    uint32_t number = 0;
    for (const char c : png.substr(at, 4)) number = number << 8 | static_cast<unsigned char>(c);
    return number;
  };
  return {big_endian(kWidthAt), big_endian(kHeightAt)};
}

std::string picture(const GalleryCard& card) {
  const Size size = png_size(card.image_png);
  const uint32_t longest = std::max(size.width, size.height);
  if (longest == 0) return "<p><small>no picture</small></p>\n";
  const uint32_t factor = std::max(1U, kShownSide / longest);
  return fmt::format("<img{} width=\"{}\" height=\"{}\" alt=\"Picture of {}\" src=\"data:image/png;base64,{}\"/>\n",
                     factor > 1 ? " class=\"pixels\"" : "", factor * size.width, factor * size.height,
                     escape_html(card.title), base64(card.image_png));
}

const char* mark_class(Mark mark) {
  return mark == Mark::kRight ? " class=\"right\"" : mark == Mark::kWrong ? " class=\"wrong\"" : "";
}

std::string answer_row(const GalleryAnswer& answer) {
  std::string sign;
  if (answer.mark != Mark::kNone)
    sign = fmt::format("<b title=\"{}\">{}</b> ", mark_word(answer.mark), mark_sign(answer.mark));
  return fmt::format("<div{} title=\"{}\"><dt>{}</dt><dd>{}{}</dd></div>\n", mark_class(answer.mark),
                     escape_html(answer.tooltip), escape_html(answer.method), sign,
                     answer.text.empty() ? "<small>nothing</small>" : escape_html(answer.text));
}

std::string render_card(const GalleryCard& card) {
  std::string html = "<div class=\"card\">\n" + picture(card);
  html += fmt::format("<p><small>{}</small><br/>{}</p>\n<p><small>Expected:</small> {}</p>\n<dl>\n",
                      escape_html(card.title), escape_html(card.question), escape_html(card.expected));
  for (const auto& answer : card.answers) html += answer_row(answer);
  return html + "</dl></div>\n";
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view three = bytes.substr(i, 3);
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j) bits = bits << 8 | (j < three.size() ? static_cast<unsigned char>(three[j]) : 0U);
    for (size_t j = 0; j < 4; ++j) text += j <= three.size() ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::string mark_sign(Mark mark) {
  if (mark == Mark::kRight) return "✓";
  if (mark == Mark::kWrong) return "✗";
  return mark == Mark::kPartly ? "~" : "";
}

std::string mark_word(Mark mark) {
  if (mark == Mark::kRight) return "right";
  if (mark == Mark::kWrong) return "wrong";
  return mark == Mark::kPartly ? "partly right" : "";
}

Table text_table(const Gallery& gallery) {
  Table table{.name = gallery.name,
              .title = gallery.title,
              .caption = gallery.caption,
              .columns = {"Item", "Question", "Expected"},
              .rows = {}};
  if (!gallery.cards.empty())
    for (const auto& answer : gallery.cards.front().answers) table.columns.push_back(answer.method);
  table.num_text_columns = static_cast<int>(table.columns.size());
  for (const auto& card : gallery.cards) {
    add_text_row(table, {card.title, card.question, card.expected});
    for (const auto& answer : card.answers) {
      const std::string sign = mark_sign(answer.mark);
      table.rows.back().push_back(text_cell(sign.empty() ? answer.text : sign + " " + answer.text));
    }
  }
  return table;
}

std::string render_html(const Gallery& gallery) {
  std::string html = fmt::format("<figure id=\"{}\"><figcaption><b>{}</b>{}</figcaption><div class=\"cards\">\n",
                                 escape_html(gallery.name), escape_html(gallery.title), escape_html(gallery.caption));
  for (const auto& card : gallery.cards) html += render_card(card);
  return html + "</div></figure>\n";
}

}  // namespace freeact
