#include "util/cache.h"

#include <cstdlib>

#include "util/error.h"

namespace freeact {

namespace fs = std::filesystem;

fs::path cache_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path(value == nullptr ? "" : value);
  };
  // The XDG base directory specification has relative paths ignored.
  if (const fs::path xdg = variable("XDG_CACHE_HOME"); xdg.is_absolute()) return xdg / "freeact";
  if (const fs::path home = variable("HOME"); home.is_absolute()) return home / ".cache" / "freeact";
  throw EnvironmentError("there is no place for the cache: set HOME or XDG_CACHE_HOME to the path of a folder");
}

fs::path data_folder(const std::string& name) {
  const char* own = std::getenv("FREEACT_DATA");
  if (own != nullptr && fs::exists(fs::path(own) / name)) return fs::path(own) / name;
  return cache_folder() / "data" / name;
}

}  // namespace freeact
