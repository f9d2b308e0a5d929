// The program: parses the command line, runs one verb, turns errors into one line and an exit code.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <new>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "app/verbs.h"
#include "util/fault.h"
#include "util/suggest.h"

namespace freeact {
namespace {

int fail(ExitCode code, const std::string& message) {
  fmt::print(stderr, "freeact: {}\n", message);
  return static_cast<int>(code);
}

int usage_error(CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  std::vector<std::string> verbs;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) verbs.push_back(verb->get_name());
  if (argc > 1 && argv[1][0] != '-' && std::find(verbs.begin(), verbs.end(), argv[1]) == verbs.end())
    return fail(ExitCode::kUserInput, unknown_name("verb", argv[1], verbs));
  return fail(ExitCode::kUserInput, std::string(error.what()) + "; see freeact --help");
}

int run(int argc, char** argv) {
  CLI::App app("W4A4 quantisation of diffusion and multimodal LLMs: FreeAct beside RTN, SmoothQuant, QuaRot, FlatQuant",
               "freeact");
  app.require_subcommand(1);
  app.set_version_flag("--version", FREEACT_VERSION);
  app.footer(
      "Exit codes: 0 done, 1 a comparison or verification failed, 2 wrong input, 3 the environment lacks something,\n"
      "70 a defect of ours.");
  std::vector<std::pair<CLI::App*, Verb>> actions;
  for (const auto add : {add_run, add_stream, add_quantize, add_report, add_merge, add_compare, add_verify, add_bench,
                         add_generate, add_train, add_list, add_show, add_data, add_doctor, add_completion}) {
    Verb action = add(app);
    actions.emplace_back(app.get_subcommands([](const CLI::App*) { return true; }).back(), std::move(action));
  }
  if (argc > 1 && argv[1] == std::string_view(kCompleteVerb)) {
    print_completions(app, {argv + 2, argv + argc});
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, argc, argv);
  }
  for (const auto& [verb, action] : actions)
    if (verb->parsed()) action();
  return 0;
}

// Big temporary tensors are used again instead of mapped and cleared by the kernel each time, which costs more than
// many an operation on them. What is kept is bounded by the most that was in use.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kLargestThreshold = 32 << 20;  // glibc refuses more
  constexpr int kKept = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kLargestThreshold);
  mallopt(M_TRIM_THRESHOLD, kKept);
  mallopt(M_ARENA_MAX, 1);  // a worker thread's own arena would be mapped and unmapped in pieces of 64 MiB
#endif
}

}  // namespace
}  // namespace freeact

int main(int argc, char** argv) {
  freeact::keep_freed_memory();
  try {
    return freeact::run(argc, argv);
  } catch (...) {
    const freeact::Fault fault = freeact::current_fault();
    return freeact::fail(fault.code, fault.message);
  }
}
