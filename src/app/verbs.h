// The verbs of the command line. Each adds its subcommand to the parser; the returned action runs when it was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace freeact {

using Verb = std::function<void()>;

Verb add_run(CLI::App& app);
Verb add_stream(CLI::App& app);
Verb add_quantize(CLI::App& app);
Verb add_report(CLI::App& app);
Verb add_merge(CLI::App& app);
Verb add_compare(CLI::App& app);
Verb add_verify(CLI::App& app);
Verb add_bench(CLI::App& app);
Verb add_train(CLI::App& app);
Verb add_list(CLI::App& app);
Verb add_show(CLI::App& app);
Verb add_generate(CLI::App& app);
Verb add_data(CLI::App& app);
Verb add_doctor(CLI::App& app);
Verb add_completion(CLI::App& app);

// `freeact complete WORD...`, which the scripts of add_completion() call: what the last word may become, a line each,
// with what it is behind a tab. app has all verbs. No verb for people, so that the parser does not know it.
inline constexpr const char* kCompleteVerb = "complete";
void print_completions(const CLI::App& app, std::vector<std::string> words);

// Shows `examples` below the options.
void add_examples(CLI::App& verb, const std::string& examples);

// results/local/results.db of the project, where --db is not given.
std::string default_database();

}  // namespace freeact
