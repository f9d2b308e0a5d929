#include "eval/response_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "util/error.h"
#include "util/files.h"
#include "util/hash.h"

namespace freeact {
namespace {

using nlohmann::json;

std::string line_of(const std::string& key, const Response& response) {
  json line = {{"item", key}, {"ids", response.ids}, {"steps", response.steps}, {"seconds", response.seconds}};
  if (!response.written_at.empty()) line["written_at"] = response.written_at;
  return line.dump() + "\n";
}

// Appends and waits until the disk has it.
void append_durably(const std::filesystem::path& file, const std::string& text) {
  const int target = open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  size_t written = 0;
  bool good = target >= 0;
  while (good && written < text.size()) {
    const ssize_t count = write(target, text.data() + written, text.size() - written);
    good = count > 0 || (count < 0 && errno == EINTR);
    if (count > 0) written += static_cast<size_t>(count);
  }
  good = good && fdatasync(target) == 0;
  const int fault = errno;
  if (target >= 0) close(target);
  if (!good) throw EnvironmentError("cannot write '{}': {}", file.string(), std::strerror(fault));
}

}  // namespace

ResponseLog::ResponseLog(const std::filesystem::path& folder, const std::string& identity)
    : file_(folder / ("responses-" + sha256(identity) + ".jsonl")) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw EnvironmentError("cannot make '{}': {}", folder.string(), error.message());
  if (std::filesystem::exists(file_)) read();
}

void ResponseLog::read() {
  const std::string text = read_file(file_);
  ends_in_a_line_ = text.empty() || text.back() == '\n';
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (entry.is_discarded()) continue;
    known_[entry.at("item")] = {entry.at("ids"), entry.at("steps"), entry.at("seconds"),
                                entry.value("written_at", std::vector<int64_t>())};
  }
}

std::optional<Response> ResponseLog::find(const std::string& item_key) const {
  const std::lock_guard lock(*mutex_);
  const auto found = known_.find(item_key);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

void ResponseLog::add(const std::vector<std::pair<std::string, Response>>& responses) {
  if (file_.empty()) return;
  const std::lock_guard lock(*mutex_);
  std::string text = ends_in_a_line_ ? "" : "\n";
  for (const auto& [key, response] : responses) {
    text += line_of(key, response);
    known_[key] = response;
  }
  append_durably(file_, text);
  ends_in_a_line_ = true;
}

}  // namespace freeact
