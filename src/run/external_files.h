// The files of an import: those the user has, and those that it then consists of.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/external.h"

namespace freeact {

// The files that external.lists names, in a folder that holds it. Throws UserError on a line that names none.
std::vector<ExternalFile> listed_files(const External& external, const std::filesystem::path& folder);

// All files with their sums, as far as they are known: the manifest's, those it lists, those an import wrote down.
std::vector<ExternalFile> expected_files(const External& external, const std::filesystem::path& folder);

// Writes down the sums of all that lies in the folder.
void record_import(const std::filesystem::path& folder);

// Where among the user's files and folders each wanted one is, by its names. Throws UserError on one that is not there,
// that does not have its sum, and on a file of the user's that none of them is.
std::vector<std::filesystem::path> find_published(const External& external, const std::vector<ExternalFile>& wanted,
                                                  const std::vector<std::filesystem::path>& from);

// Copies these files, all that there are, into the folder under their own names, unpacked.
void copy_published(const External& external, const std::vector<std::filesystem::path>& from,
                    const std::filesystem::path& folder);

// What is wrong with the file's sum, "" when nothing is; a sum that is not known is not held against it.
std::string wrong_sum(const ExternalFile& file, const std::filesystem::path& path);

}  // namespace freeact
