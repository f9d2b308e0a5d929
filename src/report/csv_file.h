// A CSV file (RFC 4180) that is written row by row: the data files of a large database do not fit into memory.
#pragma once

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>

namespace freeact {

class CsvFile {
 public:
  using Row = std::initializer_list<std::string>;

  // Makes missing folders. The rows go to a file beside the target until finish() puts it into place.
  CsvFile(std::filesystem::path path, Row columns);
  ~CsvFile();
  CsvFile(const CsvFile&) = delete;
  CsvFile& operator=(const CsvFile&) = delete;

  void add(Row row);
  // EnvironmentError when the disk refuses. A file that was not finished is removed.
  void finish();

 private:
  std::filesystem::path path_, partial_;
  std::ofstream file_;
  std::string line_;
};

}  // namespace freeact
