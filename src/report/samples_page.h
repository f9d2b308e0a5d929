// The browser of samples: a page that loads what it shows from samples/*.js (report/sample_files.h).
#pragma once

#include <string>

namespace freeact {

// The same for all reports.
std::string samples_page();

// Everything goes into the page as text, never as markup: a model may have written anything.
std::string samples_script();

}  // namespace freeact
