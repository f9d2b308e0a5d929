// Files of documents.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "task/task.h"

namespace freeact {

// What was read, for the hash of a task's data.
class FileReader {
 public:
  // Throws UserError when the file cannot be read.
  std::string read(const std::filesystem::path& path);
  // SHA-256 over the names and the SHA-256 of all that was read, in this order.
  std::string hash() const;

 private:
  std::string read_;
};

struct Document {
  nlohmann::json values;
  std::string place;  // "FILE:LINE", or "FILE[i]" of a list
};

// The documents of a file that `only` takes, in its order. The name's end tells the form; a cell of a table is a text,
// an empty one null. Throws UserError on a malformed file.
std::vector<Document> read_documents(const std::filesystem::path& file, const std::string& only, FileReader& reader);

// Gives a document the keys that the task derives. Throws UserError naming the document.
void derive_fields(const BenchmarkTask& task, Document& document);

}  // namespace freeact
