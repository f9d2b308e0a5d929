// Composes the tree of an experiment from the files of an experiments folder.
//
//   config.yaml                defaults of every experiment
//   GROUP/CHOICE.yaml          what "GROUP: CHOICE" stands for (groups: see kGroups)
//   task/NAME.yaml             a task, chosen by the list "tasks"
//   quickstart.yaml, paper/... experiments
//
// A file's list "defaults" is applied in its order: "- GROUP: CHOICE" replaces the whole group by that file,
// "- GROUP@PACKAGE: CHOICE" puts the file at another place, "- calibration@stream.calibration: bible"; a plain name
// merges another experiment. The file's own keys come last and win.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "config/tree.h"

namespace freeact {

inline constexpr std::array kGroups = {"model", "method", "quant", "calibration", "backend", "launcher"};

// Where the file of a choice goes: "quant" is {quant, quant}, "quant@PACKAGE" is {quant, PACKAGE}.
struct Placement {
  std::string group, package;
};
Placement placement_of(const std::string& key);

// Whether a key, with or without a package, names a group.
bool is_group(const std::string& key);

// The choices of a group ("method") or the tasks ("task"), sorted. Empty when the folder is missing.
std::vector<std::string> list_group(const std::filesystem::path& experiments_dir, const std::string& group);

struct ExperimentInfo {
  std::string name;
  std::string description;  // "" where the file has none
};

// All experiments, sorted by name. Throws UserError on a malformed file.
std::vector<ExperimentInfo> list_experiments(const std::filesystem::path& experiments_dir);

class Composer {
 public:
  explicit Composer(std::filesystem::path experiments_dir) : dir_(std::move(experiments_dir)) {}

  // config.yaml and the experiment with all it inherits; "tasks" and references are as written, "sweep" is kept.
  Tree compose(const std::string& experiment) const;

  // Merges another experiment over this one, as a plain name in "defaults" does.
  void overlay(Tree& tree, const std::string& experiment, const std::string& place) const;

  // Replaces the whole group ("quant"), or another place ("quant@PACKAGE"), by GROUP/CHOICE.yaml, and drops a sweep
  // over it. The last place is for the error message.
  void choose(Tree& tree, const std::string& key, const Json& choice, const std::string& place) const;

  // The values of an axis whose one value is a function (sweep_values.h), or else what it has.
  std::vector<Json> values_of(const std::string& key, const std::vector<Json>& given, const std::string& place) const;

  // Replaces the names in "tasks" by the tasks' own files. Keys under "task" go into every one of them.
  void resolve_tasks(Tree& tree) const;

  // Puts the calibration choice that stream.shift_to names below the keys of stream.calibration, which win.
  void resolve_stream(Tree& tree) const;

  // Throws UserError when the experiment's files set keys in a group that its sweep replaces: they would be lost.
  void refuse_lost_keys(const Tree& tree, const std::string& key) const;

 private:
  void add_default(Tree& tree, const Json& entry, const std::string& place, std::vector<std::string>& chain) const;
  void add_experiment(Tree& tree, const std::string& name, const std::string& place,
                      std::vector<std::string>& chain) const;
  void add_file(Tree& tree, const std::filesystem::path& file, std::vector<std::string>& chain) const;
  Tree load_choice(const std::string& group, const std::string& choice, const std::string& place) const;

  std::filesystem::path dir_;
};

}  // namespace freeact
