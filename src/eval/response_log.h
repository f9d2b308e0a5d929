// The responses of an evaluation that is under way, so that a run that was killed goes on where it stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace freeact {

// What a model wrote, before anything is cut. Ids, not text: bytes that are no UTF-8 survive.
struct Response {
  std::vector<int64_t> ids;
  int64_t steps = 0;   // forward passes of the batch it was written in
  double seconds = 0;  // of that batch, divided by its items
  // Of a diffusion model: the step, from 0, that wrote each id, or -1; see UnmaskingOrder.
  std::vector<int64_t> written_at = {};

  bool operator==(const Response&) const = default;
};

// A file of JSON lines, a response each, appended as they come and flushed to the disk. A line that a killed program
// left unfinished is not read. find() and add() may be called by several threads.
class ResponseLog {
 public:
  ResponseLog() = default;  // keeps nothing
  // identity says all that determines a response apart from the item: model, quantisation, generation, version of the
  // sources. Each identity has a file of its own in the folder, so that no answer is taken for another model's.
  ResponseLog(const std::filesystem::path& folder, const std::string& identity);

  std::optional<Response> find(const std::string& item_key) const;
  // All of a batch, or after a power cut the first of them. Throws EnvironmentError when the disk refuses.
  void add(const std::vector<std::pair<std::string, Response>>& responses);

 private:
  void read();

  std::filesystem::path file_;
  bool ends_in_a_line_ = true;
  std::map<std::string, Response> known_;
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();  // behind a pointer: a log can be moved
};

}  // namespace freeact
