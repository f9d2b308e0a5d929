#include "task/delimited.h"

#include <algorithm>

namespace freeact {
namespace {

class Reader {
 public:
  Reader(std::string_view text, char separator) : rest_(text), separator_(separator), cell_ends_("\r\n") {
    cell_ends_ += separator;
  }

  std::vector<DelimitedRow> rows() {
    std::vector<DelimitedRow> rows;
    while (!rest_.empty()) {
      if (end_line()) continue;
      DelimitedRow row{{}, line_};
      row.cells.push_back(cell());
      while (rest_.starts_with(separator_)) {
        rest_.remove_prefix(1);
        row.cells.push_back(cell());
      }
      end_line();
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  bool end_line() {
    if (!rest_.starts_with('\n') && !rest_.starts_with('\r')) return false;
    rest_.remove_prefix(rest_.starts_with("\r\n") ? 2 : 1);
    ++line_;
    return true;
  }

  // Up to the quote that ends it; what follows it up to the cell's end belongs to the cell too, as it stands.
  std::string cell() {
    std::string cell;
    if (rest_.starts_with('"')) {
      rest_.remove_prefix(1);
      while (quoted_part(cell)) {
      }
    }
    return cell.append(take(rest_.find_first_of(cell_ends_)));
  }

  // Whether the cell goes on behind the quote: it was doubled.
  bool quoted_part(std::string& cell) {
    const std::string_view part = take(rest_.find('"'));
    line_ += static_cast<int>(std::ranges::count(part, '\n'));
    cell += part;
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    if (!rest_.starts_with('"')) return false;
    cell += '"';
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take(size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
  const char separator_;
  std::string cell_ends_;
  int line_ = 1;
};

}  // namespace

std::vector<DelimitedRow> read_delimited(std::string_view text, char separator) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return Reader(text, separator).rows();
}

}  // namespace freeact
