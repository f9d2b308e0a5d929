#include <fmt/format.h>

#include <algorithm>

#include "report/render.h"

namespace freeact {
namespace {

constexpr int64_t kShades = 8;  // of page_assets.cpp

// Line breaks are tokens like any other.
std::string visible(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    if (c == '\n')
      shown += "↵";
    else
      shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return shown;
}

std::string render_token(const UnmaskedToken& token, int64_t steps) {
  if (token.step < 0) return fmt::format("<s>{}</s>", escape_html(visible(token.text)));
  const int64_t shade = steps < 2 ? 0 : token.step * (kShades - 1) / (steps - 1);
  return fmt::format("<i class=\"s{}\" data-t=\"{}\">{}</i>", shade, token.step, escape_html(visible(token.text)));
}

std::string render_answer(const UnmaskedText& answer, int64_t steps) {
  std::string html = fmt::format("<div title=\"{}\"><dt>{} <b>{}</b></dt><dd>", escape_html(answer.tooltip),
                                 escape_html(answer.method), mark_sign(answer.mark));
  for (const auto& token : answer.tokens) html += render_token(token, steps);
  return html + "</dd></div>\n";
}

// "The·3 cat·0"
std::string with_steps(const UnmaskedText& answer) {
  std::string text;
  for (const auto& token : answer.tokens) {
    text += visible(token.text);
    if (token.step >= 0) text += fmt::format("·{} ", token.step);
  }
  return text;
}

}  // namespace

std::string render_html(const UnmaskingMap& map) {
  std::string html = fmt::format("<figure id=\"{}\"><figcaption><b>{}</b>{}</figcaption><div class=\"cards\">\n",
                                 escape_html(map.name), escape_html(map.title), escape_html(map.caption));
  for (const auto& card : map.cards) {
    html += fmt::format("<div class=\"card unmasking\" data-steps=\"{}\"><p><small>{}, {} steps</small></p><dl>\n",
                        card.steps, escape_html(card.title), card.steps);
    for (const auto& answer : card.answers) html += render_answer(answer, card.steps);
    html += "</dl></div>\n";
  }
  return html + "</div></figure>\n";
}

Table text_table(const UnmaskingMap& map) {
  Table table{.name = map.name,
              .title = map.title,
              .caption = "Behind each token the step that wrote it, from 0. " + map.caption,
              .columns = {"Item", "Method", "", "Tokens"},
              .rows = {},
              .num_text_columns = 4};
  for (const auto& card : map.cards)
    for (const auto& answer : card.answers)
      add_text_row(table, {card.title, answer.method, mark_sign(answer.mark), with_steps(answer)});
  return table;
}

Table data_table(const UnmaskingMap& map) {
  Table table{.name = map.name,
              .title = map.title,
              .caption = map.caption,
              .columns = {"Item", "Method", "Answer", "Place", "Token", "Step"},
              .rows = {},
              .num_text_columns = 6};
  for (const auto& card : map.cards)
    for (const auto& answer : card.answers)
      for (size_t i = 0; i < answer.tokens.size(); ++i)
        add_text_row(table, {card.title, answer.method, mark_word(answer.mark), std::to_string(i),
                             answer.tokens[i].text, std::to_string(answer.tokens[i].step)});
  return table;
}

}  // namespace freeact
