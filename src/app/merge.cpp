#include "store/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "app/verbs.h"

namespace freeact {
namespace {

struct MergeRequest {
  std::vector<std::string> sources;
  std::string into;
  bool json = false, quiet = false;
};

struct Kind {
  const char* name;
  MergeCount MergeOutcome::*count;
};
constexpr Kind kKinds[] = {{"runs", &MergeOutcome::runs},
                           {"streams", &MergeOutcome::streams},
                           {"trainings", &MergeOutcome::trainings},
                           {"latencies", &MergeOutcome::latencies}};

// "3 runs added, 12 there already; 1 latencies added, 0 there already": runs, and what else there is.
std::string counts_text(const MergeOutcome& outcome) {
  std::string text;
  for (const auto& [name, member] : kKinds) {
    const auto& [added, present] = outcome.*member;
    if (text.empty() || added + present > 0)
      text += fmt::format("{}{} {} added, {} there already", text.empty() ? "" : "; ", added, name, present);
  }
  return text;
}

void print_outcome(const MergeRequest& request, const std::string& source, const MergeOutcome& outcome) {
  if (request.json) {
    Json line = {{"source", source}};
    for (const auto& [name, member] : kKinds)
      line[name] = {{"added", (outcome.*member).added}, {"present", (outcome.*member).present}};
    line["conflicts"] = outcome.conflicts;
    std::cout << line.dump() << std::endl;
  } else if (!request.quiet) {
    fmt::print("{}: {}\n", source, counts_text(outcome));
  }
  for (const auto& key : outcome.conflicts)
    fmt::print(stderr, "warning: {} in '{}' has other results than in '{}', which are kept\n", key.substr(0, 16),
               source, request.into);
}

// The fault of a source is told where it is met.
ExitCode merge_source(const MergeRequest& request, const std::string& source, Store& into) {
  try {
    const MergeOutcome outcome = merge_store(source, into);
    print_outcome(request, source, outcome);
    return outcome.conflicts.empty() ? ExitCode::kDone : ExitCode::kComparisonFailed;
  } catch (const SourceError& error) {
    if (request.json) std::cout << Json{{"source", source}, {"error", error.what()}}.dump() << std::endl;
    fmt::print(stderr, "{}\n", error.what());
    return error.code();
  }
}

void merge(const MergeRequest& request) {
  Store into = Store::open_for_writing(request.into);
  ExitCode gravest = ExitCode::kDone;
  int64_t at_fault = 0;
  for (const auto& source : request.sources) {
    const ExitCode code = merge_source(request, source, into);
    if (code != ExitCode::kDone) ++at_fault;
    gravest = std::max(gravest, code);
  }
  if (gravest == ExitCode::kComparisonFailed)
    throw Error(gravest, fmt::format("runs of {} of {} databases differ from those of '{}'", at_fault,
                                     request.sources.size(), request.into));
  if (gravest != ExitCode::kDone)
    throw Error(gravest, fmt::format("{} of {} databases could not be merged as they are; the others are merged",
                                     at_fault, request.sources.size()));
}

}  // namespace

Verb add_merge(CLI::App& app) {
  auto* verb =
      app.add_subcommand("merge", "Put the results of several databases into one; repeating it changes nothing");
  auto request = std::make_shared<MergeRequest>();
  verb->add_option("sources", request->sources, "Result databases, which stay as they are")->required();
  verb->add_option("--into", request->into, "Result database that takes what it lacks; made where missing")->required();
  verb->add_flag("--json", request->json, "A JSON line per source on stdout");
  verb->add_flag("--quiet", request->quiet, "Nothing but warnings and errors");
  add_examples(*verb,
               "  freeact merge node1.db node2.db --into all.db\n"
               "  freeact merge sweep.db.slurm/*.db --into sweep.db --json");
  return [request] { merge(*request); };
}

}  // namespace freeact
