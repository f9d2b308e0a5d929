// What stands inside a report's page beside its blocks: its style and its script.
#pragma once

#include <string_view>

namespace freeact {

// Colours are variables, so that plots follow the reader's light or dark setting too. Printed pages are always light.
std::string_view page_style();

// Sorts tables by a click on a heading and offers the data of every table and plot as CSV. The page is complete without
// it. Free of '<' and '&', so that the page is well formed as XML too.
std::string_view page_script();

}  // namespace freeact
