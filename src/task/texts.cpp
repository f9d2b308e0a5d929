#include "task/texts.h"

#include "util/cache.h"
#include "util/files.h"

namespace freeact {

namespace fs = std::filesystem;

BenchmarkTask with_imported_texts(BenchmarkTask task, FileReader& reader) {
  if (task.texts.empty()) return task;
  const fs::path file = imported_file({}, "", kHarnessTexts);
  const auto texts = parse_json(reader.read(file), file.string());
  for (auto& [name, text] : task.texts.items()) {
    if (!texts.contains(name) || !texts.at(name).is_string())
      throw UserError("'{}' has no text '{}', which the task {} asks with", file.string(), name, task.name);
    text = texts.at(name).get<std::string>();
  }
  return task;
}

fs::path imported_file(const fs::path& folder, const std::string& data, const std::string& file) {
  const size_t colon = file.find(':');
  if (colon != file.npos) {
    const std::string other = file.substr(0, colon);
    return imported_file(data_folder(other), other, file.substr(colon + 1));
  }
  if (fs::is_regular_file(folder / file)) return folder / file;
  if (data.empty())
    throw UserError("'{}' is not there, and the task names no imported `data`", (folder / file).string());
  throw EnvironmentError("'{}' is not there: run `freeact data import {}` (`freeact data list` says from what)",
                         (folder / file).string(), data);
}

}  // namespace freeact
