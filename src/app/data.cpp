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
  std::vector<std::string> files;
  bool json = false;
};

std::vector<External> all_externals() {
  return list_externals(Project::find());
}

bool is_there(const External& external) {
  return std::filesystem::exists(external.found());
}

void print_json(const External& external, const std::string& state) {
  const Json row = {{"name", external.name},
                    {"state", state},
                    {"path", external.found().string()},
                    {"licence", external.licence},
                    {"source", external.source},
                    {"about", external.about},
                    {"import", external.command()}};
  std::cout << row.dump() << "\n";
}

void print_row(const External& external, const std::string& state) {
  fmt::print("{:<19}{:<10}{}\n{:<29}{}; licence: {}\n", external.name, state, external.found().string(), "",
             external.about, external.licence);
}

void list(const DataOptions& options) {
  for (const auto& external : all_externals()) {
    const std::string state = is_there(external) ? "there" : "missing";
    if (options.json) {
      print_json(external, state);
      continue;
    }
    print_row(external, state);
    fmt::print("{:<29}{}\n{:<29}{}\n", "", external.source, "", external.command());
  }
}

void import_named(const DataOptions& options) {
  if (!options.from.empty() && !options.files.empty())
    throw UserError("'{}' is given beside --from: give the files, or the folder that holds them", options.files[0]);
  const auto externals = all_externals();
  const External& external = find_external(externals, options.name);
  std::vector<std::filesystem::path> from(options.files.begin(), options.files.end());
  if (!options.from.empty()) from.emplace_back(options.from);
  for (const auto& name : import_external(Project::find(), external, from))
    fmt::print("{}: no sum is known by which to tell whether it is the published file\n", name);
  fmt::print("{} is in {}\n", external.name, external.found().string());
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
    const std::string state = fault.empty() ? "good" : "damaged";
    options.json ? print_json(external, state) : print_row(external, state);
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
  auto* import_verb = verb->add_subcommand(
      "import", "Bring one into the cache, data sets into $FREEACT_DATA where it is set; quick when it is there");
  auto* check_verb = verb->add_subcommand("check", "Hold what is there against its SHA-256");
  import_verb->add_option("name", options->name, "See `freeact data list`")->required();
  import_verb->add_option("files", options->files, "Its published files, or the folder that holds them");
  import_verb->add_option("--from", options->from, "The same: the folder, or what its tool else fetches");
  check_verb->add_option("name", options->name, "One of them (default: all that are there)");
  for (auto* each : {list_verb, check_verb}) each->add_flag("--json", options->json, "JSON lines");
  add_examples(*verb,
               "  freeact data list\n  freeact data import smollm2\n"
               "  freeact data import humaneval HumanEval.jsonl.gz\n"
               "  freeact data import chartqa downloads/ChartQA_TEST.tsv\n"
               "  freeact data import wikitext2 --from path/to/wikitext-2");
  return [=] {
    if (list_verb->parsed()) return list(*options);
    if (import_verb->parsed()) return import_named(*options);
    check(*options);
  };
}

}  // namespace freeact
