#include "util/files.h"

#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>
#include <vector>

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

nlohmann::json parse_json(std::string_view text, const std::string& where, RepeatedKeys repeated) {
  constexpr size_t kMaxDepth = 64;
  std::vector<std::set<std::string>> keys;  // of the objects that are open; empty sets for lists
  const auto watch = [&](int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (keys.size() == kMaxDepth) throw UserError("'{}': JSON nested over {} levels", where, kMaxDepth);
      keys.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      keys.pop_back();
    } else if (event == Event::key && repeated == RepeatedKeys::kRefused) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) throw UserError("'{}': the key '{}' stands there twice", where, key);
    }
    return true;
  };
  try {
    return nlohmann::json::parse(text, watch);
  } catch (const nlohmann::json::exception& error) {
    throw UserError("'{}' is no valid JSON: {}", where, error.what());
  }
}

nlohmann::json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

namespace {

bool try_to_write(const std::filesystem::path& path, std::string_view bytes) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  const std::filesystem::path partial = path.string() + fmt::format(".{}.partial", getpid());
  std::ofstream file(partial, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) std::filesystem::rename(partial, path, error);
  if (file && !error) return true;
  std::filesystem::remove(partial, error);
  return false;
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  // Another program may remove the folder, empty as it is, between its making and its use.
  constexpr int kAttempts = 3;
  for (int attempt = 0; attempt < kAttempts; ++attempt)
    if (try_to_write(path, bytes)) return;
  throw EnvironmentError("cannot write '{}': check free space and permissions", path.string());
}

}  // namespace freeact
