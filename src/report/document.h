// A report before it takes a format: every table is described once, and each writer renders it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "store/unmasking.h"

namespace freeact {

struct TableCell {
  std::string text;
  std::string note;     // a second, smaller line
  std::string tooltip;  // where the number comes from; HTML only
  bool bold = false;
  bool alarm = false;         // set off in colour: a loss, something missing
  std::vector<int64_t> runs;  // rendered as links to these runs instead of text
  std::string anchor;         // a name to link to
};

inline TableCell text_cell(std::string text, std::string note = "") {
  TableCell cell;
  cell.text = std::move(text);
  cell.note = std::move(note);
  return cell;
}

struct Table {
  std::string name;  // file stem
  std::string title;
  std::string caption;
  std::vector<std::string> columns;
  std::vector<std::vector<TableCell>> rows;
  int num_text_columns = 1;  // left-aligned columns at the start; the rest are numbers
};

// A row without anything but text, as data files have them.
inline void add_text_row(Table& table, std::initializer_list<std::string> texts) {
  auto& row = table.rows.emplace_back();
  for (const auto& text : texts) row.push_back(text_cell(text));
}

struct Figure {
  std::string name;  // file stem
  std::string caption;
  std::string svg;  // a whole <svg> element
};

enum class Mark { kNone, kRight, kPartly, kWrong };

struct GalleryAnswer {
  std::string method;
  std::string text;
  Mark mark = Mark::kNone;
  std::string tooltip;  // the answer where text is shortened, and whose it is
};
struct GalleryCard {
  std::string title;
  std::string question;
  std::string expected;
  std::string image_png;  // the bytes of a PNG file
  std::vector<GalleryAnswer> answers;
};
// Pictures with what was asked and answered. Formats without pictures show the texts as a table.
struct Gallery {
  std::string name;  // file stem
  std::string title;
  std::string caption;
  std::vector<GalleryCard> cards;
};

struct UnmaskedText {
  std::string method;
  Mark mark = Mark::kNone;
  std::string tooltip;  // whose it is
  std::vector<UnmaskedToken> tokens;
};
struct UnmaskingCard {
  std::string title;
  int64_t steps = 0;  // of the answer that took most
  std::vector<UnmaskedText> answers;
};
// Answers of diffusion models, token by token coloured by the step that wrote them; pages play the steps. Formats
// without colours have numbers.
struct UnmaskingMap {
  std::string name;  // file stem
  std::string title;
  std::string caption;
  std::vector<UnmaskingCard> cards;
};

struct Heading {
  std::string text;
};
struct Paragraph {
  std::string text;
};
// To a file beside the report.
struct Link {
  std::string text;
  std::string file;
};
struct BulletList {
  std::string title;
  std::vector<std::string> items;
  bool alarm = false;
};

using ReportBlock = std::variant<Heading, Paragraph, Link, BulletList, Table, Figure, Gallery, UnmaskingMap>;

struct ReportDocument {
  std::string title;
  std::vector<ReportBlock> blocks;
};

// The anchor of a run in the appendix.
inline std::string run_anchor(int64_t id) {
  return "run-" + std::to_string(id);
}

}  // namespace freeact
