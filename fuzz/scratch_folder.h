// A folder of the fuzzing process's own, and inputs that stand for several files.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace freeact {

class OwnFolder {
 public:
  OwnFolder() : folder_(std::filesystem::temp_directory_path() / ("freeact_fuzz_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~OwnFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }
  void write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

 private:
  std::filesystem::path folder_;
};

// The parts between lines "===", filled up with empty ones.
inline std::vector<std::string_view> parts_of(std::string_view input, size_t count) {
  constexpr std::string_view kLine = "\n===\n";
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const size_t end = input.find(kLine);
    parts.push_back(input.substr(0, end));
    input.remove_prefix(end == input.npos ? input.size() : end + kLine.size());
  }
  parts.push_back(input);
  return parts;
}

}  // namespace freeact
