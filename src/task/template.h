// Templates: texts with places in braces that a document fills.
//
//   {question}  {a.b}  {test_list.0}    the value of a key, of a key inside, of an entry of a list
//   {prompt?text}                       the first of these keys that the document has
//   {hint?}                             nothing where the document lacks it
//   {.}                                 the document itself
//   {@d1_sudoku}                        a text of the harnesses (BenchmarkTask::texts)
//   {options|lettered}                  a filter, or several; {hint?|line:Hint: } has an argument
//   {{  }}                              braces
//
// A key with null is one that the document lacks, as an empty cell of a table is.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "util/fields.h"

namespace freeact {

// Filters:
//   lines        a list's entries, a line each
//   first:N      the first entries of a list
//   json         the value as JSON, for keys that are derived
//   trim         without white space at either end
//   capitalised  Python's str.capitalize(): the first letter large, all others small
//   lettered     options, "A. umbrella" a line each: a list, an object by letters, or the letters among a document's
//   keys line:LABEL   LABEL, the text and a line end; nothing for an empty text
// name is the template's ("prompt"), for messages. Throws UserError on a faulty template, and on a key that is missing.
std::string fill_template(std::string_view text, std::string_view name, const nlohmann::json& document,
                          const Json& texts);

}  // namespace freeact
