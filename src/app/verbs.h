// The verbs of the command line. Each adds its subcommand to the parser; the returned action runs when it was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace freeact {

using Verb = std::function<void()>;

Verb add_run(CLI::App& app);
Verb add_stream(CLI::App& app);
Verb add_quantize(CLI::App& app);
Verb add_report(CLI::App& app);
Verb add_verify(CLI::App& app);
Verb add_bench(CLI::App& app);
Verb add_train(CLI::App& app);
Verb add_list(CLI::App& app);
Verb add_show(CLI::App& app);
Verb add_generate(CLI::App& app);
Verb add_data(CLI::App& app);
Verb add_doctor(CLI::App& app);

// Shows `examples` below the options.
void add_examples(CLI::App& verb, const std::string& examples);

// results/local/results.db below the project, where --db is not given.
std::string default_database();

}  // namespace freeact
