#include "util/files.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "util/error.h"

namespace freeact {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path))
    throw UserError("cannot read '{}': check the path and its permissions", path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

nlohmann::json read_json(const std::filesystem::path& path) {
  try {
    return nlohmann::json::parse(read_file(path));
  } catch (const nlohmann::json::parse_error& error) {
    throw UserError("'{}' is no valid JSON: {}", path.string(), error.what());
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  const std::filesystem::path partial = path.string() + fmt::format(".{}.partial", getpid());
  std::ofstream file(partial, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) std::filesystem::rename(partial, path, error);
  if (!file || error) {
    std::filesystem::remove(partial, error);
    throw EnvironmentError("cannot write '{}': check free space and permissions", path.string());
  }
}

}  // namespace freeact
