// Writers of a ReportDocument and of its tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/document.h"

namespace freeact {

// Self-contained: styles, plots and a script that sorts tables and saves their numbers are inside; no network.
std::string render_html(const ReportDocument& document);
// Figures are referred to as figures/NAME.svg.
std::string render_markdown(const ReportDocument& document);
// Table environments for the packages booktabs and graphicx, shrunk where wider than the text; a table longer than a
// page is continued in further ones.
std::string render_latex(const Table& table);
// RFC 4180. Notes become columns of their own where a column has any.
std::string render_csv(const Table& table);

// The HTML of a gallery by itself; small pictures are enlarged by whole factors, so that their pixels stay sharp.
std::string render_html(const Gallery& gallery);
// The texts of a gallery: a row for each item, a column for each method.
Table text_table(const Gallery& gallery);

// The HTML of a map by itself. Its texts: a row for each answer. And a row for each token, for data files.
std::string render_html(const UnmaskingMap& map);
Table text_table(const UnmaskingMap& map);
Table data_table(const UnmaskingMap& map);

// A sign for a mark, so that colour is not all that tells; "" for none. And the same in words.
std::string mark_sign(Mark mark);
std::string mark_word(Mark mark);

std::string escape_html(std::string_view text);
std::string escape_markdown(std::string_view text);
std::string escape_latex(std::string_view text);
std::string escape_csv(std::string_view text);

// RFC 4648, with padding.
std::string base64(std::string_view bytes);

// "3, 7, 12"
std::string join_runs(const std::vector<int64_t>& runs);

}  // namespace freeact
