#include "image/drawing.h"

#include <ATen/ATen.h>

#include <array>
#include <charconv>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "image/bitmap_font.h"
#include "util/error.h"
#include "util/suggest.h"

namespace freeact {
namespace {

using Colour = std::array<uint8_t, 3>;

const std::vector<std::pair<std::string, Colour>>& named_colours() {
  static const std::vector<std::pair<std::string, Colour>> colours = {
      {"black", {0, 0, 0}},   {"blue", {0, 0, 255}},     {"brown", {139, 69, 19}},   {"gray", {128, 128, 128}},
      {"green", {0, 160, 0}}, {"orange", {255, 140, 0}}, {"pink", {255, 150, 200}},  {"purple", {128, 0, 160}},
      {"red", {255, 0, 0}},   {"teal", {0, 150, 150}},   {"white", {255, 255, 255}}, {"yellow", {255, 230, 0}}};
  return colours;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t end; (end = text.find(separator, begin)) != std::string_view::npos; begin = end + separator.size())
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

// One statement of a drawing, with the message of what is wrong with it.
class Statement {
 public:
  Statement(std::string_view spec, std::string_view text) : spec_(spec), text_(text), words_(split(text, " ")) {}

  std::string_view word(size_t i) const { return words_[i]; }
  void expect_words(size_t count) const {
    if (words_.size() != count) refuse(fmt::format("has {} words instead of {}", words_.size(), count));
  }

  int number(std::string_view word, int least, int most, int base = 10) const {
    int value = 0;
    const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (fault != std::errc() || end != word.data() + word.size() || value < least || value > most)
      refuse(fmt::format("has '{}' where a whole number from {} to {} should be", word, least, most));
    return value;
  }

  Colour colour(size_t i) const {
    const std::string_view name = words_[i];
    if (name.starts_with('#') && name.size() == 7) {
      Colour colour{};
      for (size_t channel = 0; channel < 3; ++channel)
        colour[channel] = static_cast<uint8_t>(number(name.substr(1 + 2 * channel, 2), 0, 255, 16));
      return colour;
    }
    std::vector<std::string> names;
    for (const auto& [known, colour] : named_colours()) {
      if (known == name) return colour;
      names.push_back(known);
    }
    refuse(unknown_name("colour", std::string(name), names));
  }

  [[noreturn]] void refuse(const std::string& fault) const {
    throw UserError("'{}{}': '{}' {}", kDrawPrefix, spec_, text_, fault);
  }

 private:
  std::string_view spec_, text_;
  std::vector<std::string_view> words_;
};

struct Canvas {
  int width = 0, height = 0;
  at::Tensor pixels_HWC;

  // Where inside(x, y) holds, among the pixels of a rectangle.
  void fill(Colour colour, int left, int top, int right, int bottom, const std::function<bool(int, int)>& inside) {
    auto* data = pixels_HWC.mutable_data_ptr<uint8_t>();
    for (int y = std::max(top, 0); y < std::min(bottom, height); ++y)
      for (int x = std::max(left, 0); x < std::min(right, width); ++x)
        if (inside(x, y)) std::copy(colour.begin(), colour.end(), data + 3 * (int64_t{y} * width + x));
  }
};

Canvas blank_canvas(const Statement& statement) {
  statement.expect_words(2);
  const auto sides = split(statement.word(0), "x");
  if (sides.size() != 2) statement.refuse("does not begin with WIDTHxHEIGHT");
  Canvas canvas{statement.number(sides[0], 1, kMaxDrawingSide), statement.number(sides[1], 1, kMaxDrawingSide), {}};
  canvas.pixels_HWC = at::empty({canvas.height, canvas.width, 3}, at::kByte);
  canvas.fill(statement.colour(1), 0, 0, canvas.width, canvas.height, [](int, int) { return true; });
  return canvas;
}

// Of the pixel dx to the right of and dy below the centre of a shape that reaches r pixels from it.
using Inside = bool (*)(int dx, int dy, int r);

constexpr std::array kShapes = {
    std::pair<std::string_view, Inside>{"circle", [](int dx, int dy, int r) { return dx * dx + dy * dy <= r * r; }},
    std::pair<std::string_view, Inside>{"square", [](int, int, int) { return true; }},
    std::pair<std::string_view, Inside>{"triangle", [](int dx, int dy, int r) { return 2 * std::abs(dx) <= dy + r; }},
    std::pair<std::string_view, Inside>{"diamond",
                                        [](int dx, int dy, int r) { return std::abs(dx) + std::abs(dy) <= r; }},
    std::pair<std::string_view, Inside>{
        "cross", [](int dx, int dy, int r) { return 3 * std::abs(dx) <= r || 3 * std::abs(dy) <= r; }}};

void draw_shape(Canvas& canvas, const Statement& s, Inside inside) {
  s.expect_words(5);
  const int x = s.number(s.word(2), 0, kMaxDrawingSide), y = s.number(s.word(3), 0, kMaxDrawingSide);
  const int r = s.number(s.word(4), 0, kMaxDrawingSide);
  canvas.fill(s.colour(1), x - r, y - r, x + r + 1, y + r + 1,
              [&](int px, int py) { return inside(px - x, py - y, r); });
}

void draw_bar(Canvas& canvas, const Statement& s) {
  s.expect_words(6);
  std::array<int, 4> at{};
  for (size_t i = 0; i < 4; ++i) at[i] = s.number(s.word(2 + i), 0, kMaxDrawingSide);
  canvas.fill(s.colour(1), at[0], at[1], at[0] + at[2], at[1] + at[3], [](int, int) { return true; });
}

void draw_text(Canvas& canvas, const Statement& s) {
  s.expect_words(6);
  const Colour colour = s.colour(1);
  int left = s.number(s.word(2), 0, kMaxDrawingSide);
  const int top = s.number(s.word(3), 0, kMaxDrawingSide), dot = s.number(s.word(4), 1, kMaxDrawingSide);
  for (const char character : s.word(5)) {
    const std::string_view rows = glyph(character);
    if (rows.empty()) s.refuse(fmt::format("has the character '{}', but only A-Z and 0-9 can be written", character));
    canvas.fill(colour, left, top, left + kGlyphWidth * dot, top + kGlyphHeight * dot, [&](int x, int y) {
      return rows[static_cast<size_t>((y - top) / dot * (kGlyphWidth + 1) + (x - left) / dot)] == '#';
    });
    left += kGlyphAdvance * dot;
    if (left > kMaxDrawingSide) break;
  }
}

void draw(Canvas& canvas, const Statement& statement) {
  std::vector<std::string> names = {"bar", "text"};
  if (statement.word(0) == "bar") return draw_bar(canvas, statement);
  if (statement.word(0) == "text") return draw_text(canvas, statement);
  for (const auto& [name, inside] : kShapes) {
    if (statement.word(0) == name) return draw_shape(canvas, statement, inside);
    names.emplace_back(name);
  }
  statement.refuse(unknown_name("thing to draw", std::string(statement.word(0)), names));
}

}  // namespace

at::Tensor draw_image(std::string_view spec) {
  const auto statements = split(spec, "; ");
  Canvas canvas = blank_canvas({spec, statements[0]});
  for (size_t i = 1; i < statements.size(); ++i) draw(canvas, {spec, statements[i]});
  return canvas.pixels_HWC;
}

}  // namespace freeact
