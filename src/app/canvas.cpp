#include "app/canvas.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace freeact {
namespace {

enum class Cell { kMasked, kFresh, kOld };

constexpr const char* kMaskGlyph = "\u2591";  // a light shade
constexpr const char* kFreshStyle = "\x1b[1;32m";
constexpr const char* kMaskStyle = "\x1b[2m";
constexpr const char* kPlainStyle = "\x1b[0m";

size_t terminal_columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// Control characters would move the cursor; a line break of the text stays one.
std::string printable(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 || c == '\n')
      safe += c == '\x7f' ? ' ' : c;
    else
      safe += ' ';
  }
  return safe;
}

// Terminal rows that a text takes; sequences that set a style take no column.
size_t rows_of(const std::string& text, size_t columns) {
  size_t rows = 1, column = 0;
  bool in_style = false;
  for (const char c : text) {
    if (c == '\x1b') in_style = true;
    if (c == '\n') {
      ++rows;
      column = 0;
    } else if (!in_style && (static_cast<unsigned char>(c) & 0xC0) != 0x80 && ++column > columns) {
      ++rows;
      column = 1;
    }
    if (in_style && c == 'm') in_style = false;
  }
  return rows;
}

}  // namespace

// Neighbouring tokens of one kind are decoded together: a character may be spread over several of them.
std::string Canvas::picture(const std::vector<int64_t>& ids) const {
  const auto kind = [&](size_t i) {
    if (ids[i] == mask_id_) return Cell::kMasked;
    return i < last_.size() && last_[i] == ids[i] ? Cell::kOld : Cell::kFresh;
  };
  std::string text;
  for (size_t begin = prompt_length_, end = begin; begin < ids.size(); begin = end) {
    const Cell cell = kind(begin);
    while (end < ids.size() && kind(end) == cell) ++end;
    std::string run;
    if (cell == Cell::kMasked)
      for (size_t i = begin; i < end; ++i) run += kMaskGlyph;
    else
      run = printable(tokenizer_.decode(std::span(ids).subspan(begin, end - begin)));
    const char* style = cell == Cell::kMasked ? kMaskStyle : cell == Cell::kFresh ? kFreshStyle : "";
    text += terminal_ && *style ? style + run + kPlainStyle : run;
  }
  return text;
}

void Canvas::erase_last() const {
  if (rows_ > 1) out_ << fmt::format("\x1b[{}A", rows_ - 1);  // up to the picture's first row
  out_ << "\r\x1b[J";                                         // and away with what is below
}

void Canvas::show(const std::vector<int64_t>& ids) {
  if (last_.empty()) last_ = std::vector<int64_t>(ids.size(), mask_id_);
  ++steps_;
  const int64_t masks = std::count(ids.begin() + static_cast<std::ptrdiff_t>(prompt_length_), ids.end(), mask_id_);
  const std::string heading = fmt::format("step {}, {} masked", steps_, masks);
  if (terminal_) {
    if (rows_ > 0) erase_last();
    const std::string shown = heading + "\n" + picture(ids);
    rows_ = rows_of(shown, terminal_columns());
    out_ << shown << std::flush;
  } else {
    std::string line = picture(ids);
    std::replace(line.begin(), line.end(), '\n', ' ');
    out_ << heading << ": " << line << std::endl;
  }
  last_ = ids;
}

}  // namespace freeact
