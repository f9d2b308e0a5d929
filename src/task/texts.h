// The harnesses' long texts.
#pragma once

#include <filesystem>
#include <string>

#include "task/documents.h"

namespace freeact {

// Where they are: DATA:FILE.
inline constexpr const char* kHarnessTexts = "harness_prompts:texts.json";

// The task with the harnesses' own texts, those of the data set harness_prompts, in place of its stand-ins. Throws
// EnvironmentError where they are not imported.
BenchmarkTask with_imported_texts(BenchmarkTask task, FileReader& reader);

// "FILE" in the folder of `data`, or "DATA:FILE" in that of another imported data set. Throws EnvironmentError where it
// is not there, UserError where nothing could be imported (data is "").
std::filesystem::path imported_file(const std::filesystem::path& folder, const std::string& data,
                                    const std::string& file);

}  // namespace freeact
