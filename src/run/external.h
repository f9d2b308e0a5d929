// Models and data sets of third parties, which the repository does not hold: datasets/external.yaml lists them, the
// cache takes them (util/cache.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/project.h"

namespace freeact {

struct ExternalFile {
  std::string name, sha256;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "in the folder");
    visit("sha256", sha256, "of its bytes");
  }
};

struct External {
  std::string name;  // its key in the list
  std::string about, licence, source, folder, tool, adapter, base;
  std::vector<ExternalFile> files;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("about", about, "");
    visit("licence", licence, "");
    visit("source", source, "where it comes from, for people");
    visit("folder", folder, "below the cache");
    visit("tool", tool, "in tools/, fetches it: TOOL FOLDER [FROM]; empty: its files are copied from a folder");
    visit("adapter", adapter, "folder below datasets/ whose adapter makes it of its base, in place of a tool");
    visit("base", base, "entry that is imported first");
    visit("files", files, "all it consists of");
  }

  std::filesystem::path imported() const;                             // its folder in the cache, there or not
  std::filesystem::path found() const;                                // a data set may lie below FREEACT_DATA instead
  bool is_made() const { return !tool.empty() || !adapter.empty(); }  // needs no files of the user's
};

// Throws UserError on a faulty list.
std::vector<External> list_externals(const Project& project);
const External& find_external(const std::vector<External>& externals, const std::string& name);

// What is wrong with a folder that shall hold it, "" when every file has its hash.
std::string fault_of(const External& external, const std::filesystem::path& folder);

// Brings it, and its base before it, into the cache, whole or not at all; nothing to do where it already is. from:
// files one already has, in the form that the tool, or the list of files, takes ("": none). Throws EnvironmentError
// when it cannot be had here, UserError when `from` does not hold it.
void import_external(const Project& project, const External& external, const std::string& from);

// Throws EnvironmentError that says how to import it when path belongs to something listed and is not there.
void require_imported(const std::filesystem::path& path);

}  // namespace freeact
