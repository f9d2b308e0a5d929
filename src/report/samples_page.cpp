// The page that looks through samples/*.js. Everything it shows goes in as text, never as markup.
#include "report/samples_page.h"

#include <fmt/format.h>

#include "report/page_assets.h"

namespace freeact {
namespace {

// Beside the report's own style.
constexpr const char* kStyle = R"css(
form { display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; padding: .8rem 1rem; background: var(--stripe);
       border: 1px solid var(--rule); border-radius: 6px; }
form label { display: flex; flex-direction: column; font-size: .85rem; color: var(--faint); max-width: 100%; }
form details { flex-basis: 100%; } form details label { display: inline-flex; flex-direction: row; gap: .4rem;
               margin: .2rem 1.2rem .2rem 0; color: var(--ink); }
select, input, nav button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--rule);
                            border-radius: 4px; padding: .25rem .5rem; max-width: 100%; }
select:focus-visible, input:focus-visible, summary:focus-visible, pre:focus-visible {
  outline: 2px solid var(--link); outline-offset: 1px; }
nav { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; margin: .8rem 0; }
nav button:disabled { color: var(--faint); cursor: default; } small, .faint { color: var(--faint); }
article { border: 1px solid var(--rule); border-radius: 6px; padding: .8rem 1rem; margin: 0 0 1rem; }
article h2 { font-size: 1rem; margin: 0 0 .4rem; padding: 0; border: 0; }
article img { display: block; max-width: 100%; min-width: 10rem; margin: .4rem 0; image-rendering: pixelated; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0; max-height: 16rem; overflow-y: auto;
      font: .85rem/1.45 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
table { width: 100%; } th, td { text-align: left; white-space: normal; } td small { display: inline; }
td details { display: inline-block; vertical-align: top; margin-right: 1rem; max-width: 100%; }
td.mark { white-space: nowrap; } td:last-child { width: 60%; min-width: 16rem; }
.right { color: var(--right); } .wrong { color: var(--alarm); }
@media print { form, nav { display: none; } pre { max-height: none; } }
)css";

constexpr const char* kBody = R"html(<p><a href="report.html">Report</a></p>
<h1>Samples</h1>
<p id="about" class="faint">Every answer of every run. Keys: <b>j</b> next page, <b>k</b> previous page, <b>/</b> search.</p>
<form id="controls" autocomplete="off">
<label>Task <select id="task"></select></label>
<label>Bits <select id="bits"></select></label>
<label>Seed <select id="seed"></select></label>
<label>Show <select id="show">
<option value="all">all items</option><option value="disagree">methods disagree</option>
<option value="right">all are right</option><option value="wrong">none is right</option></select></label>
<label>Right by <select id="right"></select></label>
<label>Wrong by <select id="wrong"></select></label>
<label>Text in prompt or answer <input id="query" type="search" spellcheck="false"></label>
<details><summary>Methods shown</summary><div id="rows"></div></details>
</form>
<nav aria-label="Pages"><button type="button" id="previous">← Previous</button><button type="button" id="next">Next →</button>
<span id="status" role="status"></span></nav>
<main id="items"></main>
<noscript><p>This page needs scripts, which it takes from the folder samples/ beside it.</p></noscript>
)html";

}  // namespace

std::string samples_page() {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Samples</title>\n<style>{}{}</style>\n</head>\n<body>\n{}<script>{}</script>\n</body>\n</html>\n",
      page_style(), kStyle, kBody, samples_script());
}

}  // namespace freeact
