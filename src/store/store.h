// The results of all runs, in one SQLite file.
//
// A run is written in one transaction: a program killed at any moment leaves whole runs or none. The file uses SQLite's
// rollback journal rather than the write-ahead log, because that one breaks on the network file systems of clusters.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/latency.h"
#include "store/record.h"
#include "store/stream.h"
#include "store/training.h"

namespace SQLite {
class Database;
}

namespace freeact {

// All members throw EnvironmentError when the disk or another process is in the way. Several processes may write.
class Store {
 public:
  // Creates the file and its folder where missing, upgrades older files and proves that writing works.
  // UserError: not a result database, or of a newer version. EnvironmentError: read-only file or folder.
  static Store open_for_writing(const std::filesystem::path& path);

  // Never changes the results; of an older file a temporary copy is upgraded. UserError: missing, or not a result
  // database.
  static Store open_for_reading(const std::filesystem::path& path);

  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  const std::filesystem::path& path() const { return path_; }

  bool has(std::string_view key) const;

  // Adds a finished run and returns its id. Where the key is there already, the old run is kept and its id returned,
  // or, with replace, exchanged under the same id.
  int64_t add(const RunRecord& run, bool replace = false);

  // In order of id; an empty experiment means all.
  std::vector<RunSummary> runs(std::string_view experiment = "") const;

  // UserError when there is no such run.
  RunRecord load(int64_t id) const;

  // A run by its number, or by the beginning of its key. UserError when several keys begin like that.
  std::optional<int64_t> find(std::string_view reference) const;

  // Measured times: all of one call or none. Repeated measurements stand beside the older ones.
  void add_latencies(const std::vector<LatencyRow>& rows);
  // In the order they were added.
  std::vector<LatencyRow> latencies() const;

  // Adds the points to the curve of this recipe and name, which is made where missing. A point at a step the curve
  // already has takes the older one's place, so that a training that goes on, or starts anew, leaves one curve.
  void add_training(const TrainingCurve& curve);
  // In the order they were begun, points in order of step.
  std::vector<TrainingCurve> trainings() const;

  bool has_stream(std::string_view key) const;
  // A finished stream, whole or not at all; it takes the place of an older one of the same key.
  void add_stream(const StreamRecord& stream);
  // In the order they were added.
  std::vector<StreamRecord> streams() const;

  // SHA-256 over every result in order of key: equal for two databases that hold the same results, however they came
  // about. Leaves out ids, times (latencies, trainings and streams too), machines, the text of the configuration, which
  // the key stands for, galleries, which repeat test items that samples name by hash, and the logs of how blocks were
  // trained.
  std::string results_digest() const;

 private:
  Store(std::filesystem::path path, std::unique_ptr<SQLite::Database> database);

  std::filesystem::path path_;
  std::unique_ptr<SQLite::Database> database_;
};

}  // namespace freeact
