// The side files of the browser of samples, read as the page reads them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "util/fields.h"
#include "util/files.h"

namespace freeact {

// What the script hands to the function, as JSON: 'f(1, {...});' gives [1, {...}].
inline Json script_arguments(const std::filesystem::path& path, const std::string& function) {
  const std::string text = read_file(path);
  EXPECT_TRUE(text.starts_with(function + "(") && text.ends_with(");\n")) << path;
  return Json::parse("[" + text.substr(function.size() + 1, text.size() - function.size() - 4) + "]");
}

struct GroupScripts {
  Json rows;                // rows, runs, marks, items, chunk
  std::vector<Json> texts;  // of each item
};

inline std::vector<GroupScripts> read_sample_scripts(const std::filesystem::path& folder) {
  const std::filesystem::path files = folder / "samples";
  const Json index = script_arguments(files / "samples.js", "freeact_samples").at(0);
  std::vector<GroupScripts> groups;
  for (size_t i = 0; i < index.at("groups").size(); ++i) {
    const std::string name = std::to_string(i);
    auto& group = groups.emplace_back(script_arguments(files / (name + ".js"), "freeact_group").at(1));
    const size_t items = group.rows.at("items").size(), each = group.rows.at("chunk").get<size_t>();
    for (size_t first = 0; first < items; first += each) {
      const std::string chunk = name + "_" + std::to_string(first / each);
      const Json arguments = script_arguments(files / (chunk + ".js"), "freeact_chunk");
      group.texts.insert(group.texts.end(), arguments.at(1).begin(), arguments.at(1).end());
    }
    EXPECT_EQ(group.texts.size(), items);
  }
  return groups;
}

}  // namespace freeact
