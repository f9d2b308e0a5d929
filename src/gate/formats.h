// What the gate found, for people and for machines.
#pragma once

#include <string>

#include "gate/gate.h"

namespace freeact {

// Aligned columns of what failed and what is new; with `all`, of everything. Empty without such.
std::string gate_table(const GateResult& result, bool all);

// A line a finding, and a last one {"held":N,"failed":N,"new":N,"unjudged":N}. What is no finite number is null.
std::string gate_json(const GateResult& result);

// JUnit XML: a suite an arm, a test case a metric.
std::string gate_junit(const GateResult& result);

// GitHub's workflow commands: an ::error a failed finding, a ::notice for what is new or was not judged; `file` is
// where they are shown.
std::string gate_annotations(const GateResult& result, const std::string& file);

// A summary and a table of what failed or is new, for $GITHUB_STEP_SUMMARY.
std::string gate_markdown(const GateResult& result, const std::string& file);

// Text that may stand in an XML attribute or element; characters that XML 1.0 does not know become "?".
std::string escape_xml(std::string_view text);

}  // namespace freeact
