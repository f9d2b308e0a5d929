#include "report/csv_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include "report/render.h"
#include "util/error.h"

namespace freeact {

CsvFile::CsvFile(std::filesystem::path path, Row columns)
    : path_(std::move(path)), partial_(fmt::format("{}.{}.partial", path_.string(), getpid())) {
  std::error_code ignored;  // the file that cannot be written is told of
  if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path(), ignored);
  file_.open(partial_, std::ios::binary);
  add(columns);
}

CsvFile::~CsvFile() {
  std::error_code ignored;
  if (file_.is_open()) std::filesystem::remove(partial_, ignored);
}

void CsvFile::add(Row row) {
  line_.clear();
  for (const auto& value : row) {
    if (&value != row.begin()) line_ += ',';
    line_ += escape_csv(value);
  }
  line_ += "\r\n";
  file_.write(line_.data(), static_cast<std::streamsize>(line_.size()));
}

void CsvFile::finish() {
  file_.close();
  std::error_code error;
  if (file_) std::filesystem::rename(partial_, path_, error);
  if (!file_ || error) throw EnvironmentError("cannot write '{}': check free space and permissions", path_.string());
}

}  // namespace freeact
