// The files of the browser of samples, beside the report.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/sample_groups.h"
#include "store/sample_reader.h"

namespace freeact {

// Writes samples.html and samples/*.js into a folder, in place of what an earlier report left there. The files are
// scripts that hand their data to the page, because a page from a disk may load scripts but read no files. samples.js
// names the groups; N.js has the rows, items and marks of group N, and N_C.js the texts of some of its items. Every
// sample is in one of them; texts that an item has several times stand there once.
void write_samples(const SampleReader& reader, const std::vector<SampleGroup>& groups,
                   const std::filesystem::path& folder, const std::string& title);

}  // namespace freeact
