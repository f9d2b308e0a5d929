// `freeact data`: the models and data sets of third parties, which the repository does not hold.
#include <ATen/ATen.h>

#include <iostream>

#include "app/verbs.h"
#include "run/external.h"
#include "util/fields.h"

namespace freeact {
namespace {

struct DataOptions {
  std::string name, from;
  bool json = false;
};

std::vector<External> all_externals() {
  return list_externals(Project::find());
}

bool is_there(const External& external) {
  return std::filesystem::exists(external.found());
}

void print_row(const External& external, const std::string& state, bool json) {
  if (json)
    std::cout << Json{{"name", external.name},
                      {"state", state},
                      {"path", external.found().string()},
                      {"licence", external.licence},
                      {"source", external.source},
                      {"about", external.about}}
                     .dump()
              << "\n";
  else
    fmt::print("{:<19}{:<10}{}\n{:<29}{}; {}\n", external.name, state, external.found().string(), "", external.about,
               external.licence);
}

void list(const DataOptions& options) {
  for (const auto& external : all_externals())
    print_row(external, is_there(external) ? "there" : "missing", options.json);
}

void import_named(const DataOptions& options) {
  const auto externals = all_externals();
  const External& external = find_external(externals, options.name);
  import_external(Project::find(), external, options.from);
  fmt::print("{} is in {}\n", external.name, external.imported().string());
}

// Of all that are there, or of the named one.
void check(const DataOptions& options) {
  auto externals = all_externals();
  if (options.name.empty())
    std::erase_if(externals, [](const External& e) { return !is_there(e); });
  else
    externals = {find_external(externals, options.name)};
  std::string faults;
  for (const auto& external : externals) {
    const std::string fault = fault_of(external, external.found());
    print_row(external, fault.empty() ? "good" : "damaged", options.json);
    if (!fault.empty()) faults += fmt::format("; {} {}", external.found().string(), fault);
  }
  if (!faults.empty())
    throw Error(ExitCode::kComparisonFailed, faults.substr(2) + ": run `freeact data import` for it again");
}

}  // namespace

Verb add_data(CLI::App& app) {
  auto* verb = app.add_subcommand("data", "Models and data sets of third parties: list, import, check");
  verb->require_subcommand(1);
  auto options = std::make_shared<DataOptions>();
  auto* list_verb = verb->add_subcommand("list", "What can be imported, and what is there");
  auto* import_verb = verb->add_subcommand("import", "Bring one into the cache; quick when it is there");
  auto* check_verb = verb->add_subcommand("check", "Hold what is there against its SHA-256");
  import_verb->add_option("name", options->name, "See `freeact data list`")->required();
  import_verb->add_option("--from", options->from, "Its files, or what they are made from, where you have them");
  check_verb->add_option("name", options->name, "One of them (default: all that are there)");
  for (auto* each : {list_verb, check_verb}) each->add_flag("--json", options->json, "JSON lines");
  add_examples(*verb,
               "  freeact data list\n  freeact data import smollm2\n"
               "  freeact data import wikitext2 --from path/to/wikitext-2");
  return [=] {
    if (list_verb->parsed()) return list(*options);
    if (import_verb->parsed()) return import_named(*options);
    check(*options);
  };
}

}  // namespace freeact
