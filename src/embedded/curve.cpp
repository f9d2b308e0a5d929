#include "embedded/curve.h"

#include <sstream>

#include "util/files.h"

namespace freeact {

CurveFile::CurveFile(std::filesystem::path file, CurveOwner owner, CurveListener on_row)
    : file_(std::move(file)), owner_(std::move(owner)), on_row_(std::move(on_row)) {}

void CurveFile::go_on(int64_t steps_done) {
  if (!std::filesystem::exists(file_)) return;
  std::istringstream lines(read_file(file_));
  for (std::string line; std::getline(lines, line);)
    if (const Json row = Json::parse(line); row.at("step").get<int64_t>() <= steps_done) take(row);
}

void CurveFile::add(const Json& row) {
  take(row);
  write_file_atomically(file_, text_);
}

void CurveFile::take(const Json& row) {
  text_ += row.dump() + "\n";
  last_row_ = row;
  if (on_row_) on_row_(owner_, row);
}

}  // namespace freeact
