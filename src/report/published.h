// Scores that others published, beside which a report puts ours. They are data: results/paper/*.json, whose comments
// say what is known of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

struct PublishedScore {
  std::string model;
  std::string method = "none";
  std::string bits;
  std::string task;
  double value = 0;
  std::string settings;
  std::string source;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("model", model, "as the store names it, or the beginning of its name up to an underscore");
    visit("method", method, "as the store names it; none: the model in 16 bit");
    visit("bits", bits, "as the store names them; of no account for the model in 16 bit");
    visit("task", task,
          "a task's name, for its variants too; average: the mean over tasks that may be others than ours");
    visit("value", value, "in per cent");
    visit("settings", settings, "how it was measured, as far as that is known");
    visit("source", source, "who published it, and where");
  }
};

// Of all *.json of a folder, in the order of their names; nothing where there is no such folder. Throws UserError that
// names the file of a broken row.
std::vector<PublishedScore> read_published(const std::filesystem::path& folder);

// Appends the published average of each method, plainest configuration, and how far ours is from it, and says in the
// caption what that is worth. Does nothing without an average for the setting.
void add_published_average(Table& table, const Setting& setting, const std::vector<PublishedScore>& published);

// The published scores of single tasks beside ours. Nothing where no task of the setting has one.
std::optional<Table> published_table(const Setting& setting, const std::vector<PublishedScore>& published);

}  // namespace freeact
