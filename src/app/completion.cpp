// Completion in the shell. The scripts of completion/ ask `freeact complete WORD...` what the last word may become. The
// answer comes from the parser of the command line and from what the project holds, so that it never lags behind them.
#include <ATen/ATen.h>

#include <iostream>
#include <map>

#include "app/listing.h"
#include "app/verbs.h"
#include "completion_scripts.h"
#include "config/composer.h"
#include "config/plan.h"
#include "run/external.h"

namespace freeact {
namespace {

using Words = std::vector<std::string>;
using Offers = std::vector<Listed>;

// Where the last word stands.
struct Position {
  const CLI::App* verb;
  const CLI::Option* option = nullptr;  // whose value it is
  Words arguments = {};                 // the verb's words before it that belong to no option
};

const CLI::App* verb_named(const CLI::App& app, const std::string& name) {
  const auto found = app.get_subcommands([&](const CLI::App* verb) { return verb->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

Position position_after(const CLI::App& app, const Words& before) {
  Position at{&app};
  for (const auto& word : before) {
    if (at.option != nullptr) {
      at.option = nullptr;
    } else if (word.starts_with('-')) {
      const CLI::Option* option = at.verb->get_option_no_throw(word);
      if (option != nullptr && option->get_items_expected_max() > 0) at.option = option;
    } else if (const CLI::App* verb = verb_named(*at.verb, word)) {
      at = {verb};
    } else {
      at.arguments.push_back(word);
    }
  }
  return at;
}

// The positional that the next argument of the verb belongs to.
const CLI::Option* next_positional(const Position& at) {
  const auto positionals = at.verb->get_options([](const CLI::Option* option) { return option->get_positional(); });
  if (at.arguments.size() < positionals.size()) return positionals[at.arguments.size()];
  const bool takes_more = !positionals.empty() && positionals.back()->get_items_expected_max() > 1;
  return takes_more ? positionals.back() : nullptr;
}

Offers verbs_of(const CLI::App& app) {
  Offers offers;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    offers.push_back({verb->get_name(), verb->get_description()});
  return offers;
}

Offers options_of(const CLI::App& app) {
  Offers offers;
  for (const auto* option : app.get_options())
    if (option->nonpositional() && !option->get_group().empty())
      offers.push_back({option->get_name(), option->get_description()});
  return offers;
}

// "{cpu,wall}" in what the parser says of an option's type.
Offers members_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{'), close = type.find('}', open);
  Offers offers;
  if (close == std::string::npos) return offers;
  for (const auto& member : CLI::detail::split(type.substr(open + 1, close - open - 1), ','))
    offers.push_back({member, ""});
  return offers;
}

Offers choices(const std::string& group) {
  Offers offers;
  for (const auto& name : list_group(Project::find().experiments(), group)) offers.push_back({name, ""});
  return offers;
}

// The experiment with what was set so far; all tasks' settings under "task", as they are set. Empty where it does not
// plan, as it may not before more is set.
Json settings_of(const Words& arguments) {
  try {
    const Words overrides(arguments.begin() + 1, arguments.end());
    Json settings = plan_experiment(Project::find().experiments(), arguments.at(0), overrides, true).at(0).resolved;
    const Json task = settings.at("tasks").at(0);
    settings["task"] = task;
    settings.erase("tasks");
    settings.erase("name");
    return settings;
  } catch (const std::exception&) {
    return Json::object();
  }
}

// The keys in the group of settings that a dotted path has come to; what holds more keys ends with a dot.
Offers keys_at(const Json& settings, const std::string& path) {
  const Json* group = &settings;
  const std::string parent = path.substr(0, path.rfind('.') + 1);
  for (size_t start = 0, dot; (dot = parent.find('.', start)) != std::string::npos; start = dot + 1) {
    const auto next = group->find(parent.substr(start, dot - start));
    if (next == group->end() || !next->is_object()) return {};
    group = &*next;
  }
  Offers offers;
  for (const auto& [key, value] : group->items()) {
    const bool holds_more = value.is_object();
    offers.push_back({fmt::format("{}{}{}", parent, key, holds_more ? '.' : '='), holds_more ? "" : value.dump()});
  }
  return offers;
}

void put_before(Offers& offers, const std::string& text) {
  for (auto& offer : offers) offer.name.insert(0, text);
}

// A setting: GROUP=, KEY=, GROUP.KEY=, and of a group's values the one after the last comma.
Offers overrides(const Position& at, const std::string& word) {
  const size_t key_start = std::min(word.find_first_not_of("+~"), word.size()), equals = word.find('=');
  const std::string change = word.substr(0, key_start), key = word.substr(key_start, equals - key_start);
  Offers offers;
  if (equals == std::string::npos) {
    for (const auto& group : kGroups) offers.push_back({fmt::format("{}=", group), ""});
    const Offers keys = keys_at(settings_of(at.arguments), key);
    offers.insert(offers.end(), keys.begin(), keys.end());
    put_before(offers, change);
  } else if (is_group(key) || key == "tasks") {
    offers = choices(key == "tasks" ? "task" : placement_of(key).group);
    put_before(offers, word.substr(0, word.find_last_of("=,[") + 1));
  }
  return offers;
}

Offers externals() {
  Offers offers;
  for (const auto& external : list_externals(Project::find())) offers.push_back({external.name, external.about});
  return offers;
}

Offers kinds() {
  Offers offers;
  for (const auto& kind : list_kinds()) offers.push_back({kind, ""});
  return offers;
}

// By the name that the parser has for an option or a positional; where it says nothing, shells offer files.
Offers values_of(const CLI::Option& option, const Position& at, const std::string& word) {
  const std::string name = option.get_single_name();
  if (name == "experiment") return list_of("experiments");
  if (name == "overrides") return overrides(at, word);
  if (name == "checkpoint") return list_of("models");
  if (name == "what") return kinds();
  if (name == "run") return list_of("runs", default_database());
  if (name == "name") return externals();
  return members_of(option);
}

Offers offers_for(const CLI::App& app, const Words& before, const std::string& word) {
  const Position at = position_after(app, before);
  if (at.option != nullptr) return values_of(*at.option, at, word);
  if (word.starts_with('-')) return options_of(*at.verb);
  if (Offers verbs = verbs_of(*at.verb); !verbs.empty()) return verbs;
  const CLI::Option* positional = next_positional(at);
  return positional == nullptr ? Offers{} : values_of(*positional, at, word);
}

}  // namespace

void print_completions(const CLI::App& app, std::vector<std::string> words) {
  const std::string word = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  try {
    for (const auto& offer : offers_for(app, words, word))
      if (offer.name.starts_with(word))
        std::cout << offer.name << (offer.text.empty() ? "" : "\t") << offer.text << "\n";
  } catch (const std::exception&) {
    // Nothing to offer: an error would land in the middle of the line that is being typed.
  }
}

Verb add_completion(CLI::App& app) {
  static const std::map<std::string, const char*> kScripts = {
      {"bash", kBashCompletion}, {"zsh", kZshCompletion}, {"fish", kFishCompletion}};
  auto* verb = app.add_subcommand("completion", "Print the script that completes freeact's commands in a shell");
  auto shell = std::make_shared<std::string>();
  verb->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember(kScripts));
  add_examples(*verb,
               "  source <(freeact completion bash)       in ~/.bashrc; zsh: in ~/.zshrc, after compinit\n"
               "  freeact completion fish | source        in ~/.config/fish/config.fish");
  return [shell] { std::cout << kScripts.at(*shell); };
}

}  // namespace freeact
