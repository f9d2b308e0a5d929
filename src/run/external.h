// Models and data sets of third parties, which the repository does not hold: datasets/external.yaml lists them, those
// of a benchmark task the section `imported` of its datasets/NAME/manifest.yaml. The cache takes them (util/cache.h),
// and data sets go to $FREEACT_DATA where that is set.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "run/project.h"
#include "util/fields.h"

namespace freeact {

struct ExternalFile {
  std::string name;
  std::string sha256 = {}, md5 = {};
  int64_t count = 0;
  std::vector<std::string> from = {};

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "in the folder");
    visit("sha256", sha256, "of its bytes; empty: not known before it is there");
    visit("md5", md5, "of its bytes, where its publisher says nothing better");
    visit("count", count, "lines or items in it, for people");
    visit("from", from, "other names under which it is published; one that ends in .gz is unpacked");
  }
};

struct External {
  std::string name;  // its key in the list
  std::string about, licence, source, folder, tool, adapter, base, lists;
  std::vector<ExternalFile> published, files;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("about", about, "");
    visit("licence", licence, "");
    visit("source", source, "where it comes from, for people");
    visit("folder", folder, "below the cache");
    visit("tool", tool, "in tools/, makes it: TOOL FOLDER [FROM...]; empty: its files are copied");
    visit("adapter", adapter, "folder below datasets/ whose adapter makes it of its base, in place of a tool");
    visit("base", base, "entry that is imported first");
    visit("lists", lists, "one of its files, of JSON lines that each name a further file, `image`, and its `sha256`");
    visit("published", published, "files of the user's that the tool converts; empty: it fetches what it needs");
    visit("files", files, "all it consists of; where there are such without a sum, importing writes them down");
  }

  std::filesystem::path imported() const;  // where an import puts it
  std::filesystem::path found() const;     // where it is read: there, or in the cache
  bool is_made() const;                    // needs no files of the user's
  bool records() const;                    // has files whose sums are not known before an import
  std::string command() const;             // that imports it
};

// What stands beside data whose sums are not known before: those of what was imported.
inline constexpr const char* kImportRecord = "imported.yaml";

// Throws UserError on a faulty list, and on a name that stands in two.
std::vector<External> list_externals(const Project& project);
const External& find_external(const std::vector<External>& externals, const std::string& name);

// What is wrong with a folder that shall hold it, "" when every file has its hash.
std::string fault_of(const External& external, const std::filesystem::path& folder);

// Brings it, and its base before it, where it belongs, whole or not at all; nothing to do where it already is. from:
// files one already has, or the folder that holds them; a tool without a list of published files takes them as they
// are. Returns the published files whose sum nobody knows. Throws EnvironmentError when it cannot be had here,
// UserError when `from` does not hold it.
std::vector<std::string> import_external(const Project& project, const External& external,
                                         const std::vector<std::filesystem::path>& from = {});

// Throws EnvironmentError that says how to import it when path belongs to something listed and is not there.
void require_imported(const std::filesystem::path& path);

}  // namespace freeact
