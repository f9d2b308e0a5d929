// Temporary tokenizer folders, and the optional reference folders beside the source tree.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tokenizer/byte_alphabet.h"
#include "util/files.h"

namespace freeact::test {

namespace fs = std::filesystem;

inline fs::path shared_folder() {
  return fs::path(FREEACT_SOURCE_DIR).parent_path() / "shared";
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    static int count = 0;
    path_ = fs::temp_directory_path() /
            ("freeact_" + std::string(test->name()) + "_" + std::to_string(getpid()) + "_" + std::to_string(count++));
    fs::create_directories(path_);
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const { write_file_atomically(path_ / name, text); }
  void write(const std::string& name, const nlohmann::json& content) const { write(name, content.dump()); }
  void copy(const fs::path& file) const { fs::copy_file(file, path_ / file.filename()); }

 private:
  fs::path path_;
};

// A vocabulary of the 256 bytes in numerical order (id = byte) and the entries given, from 256 on.
inline nlohmann::json byte_vocabulary(std::initializer_list<const char*> entries) {
  nlohmann::json vocabulary = nlohmann::json::object();
  for (int byte = 0; byte < 256; ++byte) vocabulary[symbol_of_byte(static_cast<uint8_t>(byte))] = byte;
  int id = 256;
  for (const char* entry : entries) vocabulary[entry] = id++;
  return vocabulary;
}

// A tokenizer.json with that vocabulary, split as GPT-2 does, no normaliser.
inline nlohmann::json small_tokenizer(std::initializer_list<const char*> entries, nlohmann::json merges,
                                      nlohmann::json added = nlohmann::json::array()) {
  return {{"added_tokens", std::move(added)},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", byte_vocabulary(entries)}, {"merges", std::move(merges)}}}};
}

}  // namespace freeact::test
