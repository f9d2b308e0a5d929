// The samples of a database that may hold more of them than fit into memory.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/record.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace freeact {

// A sample without its details. The texts live as long as the call that hands it out.
struct SampleView {
  std::string_view task;
  int64_t index = 0;
  std::string_view input_hash;
  std::string_view output;
  double score = 0;
};

class SampleReader {
 public:
  // As Store::open_for_reading.
  explicit SampleReader(const std::filesystem::path& path);
  ~SampleReader();

  // Everything but the samples. UserError when there is no such run.
  RunRecord load_without_samples(int64_t run) const;

  // In order of task and index.
  void visit_samples(int64_t run, const std::function<void(const SampleView&)>& visit) const;

  // With their details, in order of index: those with first <= index <= last.
  std::vector<Sample> samples(int64_t run, const std::string& task, int64_t first, int64_t last) const;

 private:
  std::filesystem::path path_;
  std::unique_ptr<SQLite::Database> database_;
  std::unique_ptr<SQLite::Statement> by_index_;
};

}  // namespace freeact
