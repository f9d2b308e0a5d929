#include "store/store.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <charconv>

#include "store/connection.h"
#include "store/gallery_rows.h"
#include "store/latency_rows.h"
#include "store/rows.h"
#include "store/schema.h"
#include "store/stream_rows.h"
#include "store/training_rows.h"
#include "util/error.h"
#include "util/hash.h"

namespace freeact {
namespace {

std::optional<int64_t> parse_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Store::Store(std::filesystem::path path, std::unique_ptr<SQLite::Database> database)
    : path_(std::move(path)), database_(std::move(database)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Store Store::open_for_writing(const std::filesystem::path& path) {
  std::error_code ignored;  // SQLite reports a folder that could not be made
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  return guarded(path, [&] {
    auto database = connect(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    migrate(*database, path);
    return Store(path, std::move(database));
  });
}

Store Store::open_for_reading(const std::filesystem::path& path) {
  return {path, connect_for_reading(path)};
}

bool Store::has(std::string_view key) const {
  return guarded(path_, [&] { return find_key(*database_, key).has_value(); });
}

int64_t Store::add(const RunRecord& run, bool replace) {
  FREEACT_CHECK(!run.key.empty(), "a run needs a key");
  return guarded(path_, [&] {
    SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
    const auto old = find_key(*database_, run.key);
    if (old && !replace) return *old;
    if (old) database_->exec(fmt::format("DELETE FROM runs WHERE id = {}", *old));
    const int64_t id = insert_run(*database_, run, old);
    if (old) drop_unused_gallery(*database_);
    transaction.commit();
    return id;
  });
}

std::vector<RunSummary> Store::runs(std::string_view experiment) const {
  return guarded(path_, [&] { return select_summaries(*database_, experiment); });
}

RunRecord Store::load(int64_t id) const {
  return guarded(path_, [&] {
    auto run = select_run(*database_, id);
    if (!run) throw UserError("no run {} in '{}': 'freeact list runs' shows what there is", id, path_.string());
    return *std::move(run);
  });
}

std::optional<int64_t> Store::find(std::string_view reference) const {
  const auto all = runs();
  if (const auto number = parse_number(reference))
    if (std::any_of(all.begin(), all.end(), [&](const RunSummary& run) { return run.id == *number; })) return number;
  std::optional<int64_t> found;
  for (const auto& run : all) {
    if (reference.empty() || !run.key.starts_with(reference)) continue;
    if (found) throw UserError("several runs have a key that begins with '{}': give more of it", reference);
    found = run.id;
  }
  return found;
}

void Store::add_latencies(const std::vector<LatencyRow>& rows) {
  guarded(path_, [&] {
    SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
    insert_latencies(*database_, rows);
    transaction.commit();
  });
}

std::vector<LatencyRow> Store::latencies() const {
  return guarded(path_, [&] { return select_latencies(*database_); });
}

void Store::add_training(const TrainingCurve& curve) {
  guarded(path_, [&] {
    SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
    insert_training(*database_, curve);
    transaction.commit();
  });
}

std::vector<TrainingCurve> Store::trainings() const {
  return guarded(path_, [&] { return select_trainings(*database_); });
}

bool Store::has_stream(std::string_view key) const {
  return guarded(path_, [&] { return has_stream_key(*database_, key); });
}

void Store::add_stream(const StreamRecord& stream) {
  FREEACT_CHECK(!stream.key.empty(), "a stream needs a key");
  guarded(path_, [&] {
    SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
    insert_stream(*database_, stream);
    transaction.commit();
  });
}

std::vector<StreamRecord> Store::streams() const {
  return guarded(path_, [&] { return select_streams(*database_); });
}

std::string Store::results_digest() const {
  static constexpr const char* kQueries[] = {
      "SELECT key, experiment, model, method, bits, seed, source_version, checkpoint_hash, model_bytes FROM runs ORDER "
      "BY key",
      "SELECT key, task, task_version, name, \"group\", value, standard_error, count, higher_is_better, unit, "
      "population FROM metrics JOIN runs ON id = run_id ORDER BY key, task, name, \"group\"",
      "SELECT key, task, \"index\", input_hash, output, score FROM samples JOIN runs ON id = run_id "
      "ORDER BY key, task, \"index\"",
      "SELECT key, task, \"index\", prompt, response, judged, tokens, steps FROM sample_details JOIN runs ON id = "
      "run_id "
      "ORDER BY key, task, \"index\"",
      "SELECT key, task, \"index\", unmaskings.tokens FROM unmaskings JOIN runs ON id = run_id ORDER BY key, task, "
      "\"index\"",
      "SELECT key, layer, site, token_type, relative_error, tokens, truncation, activation_only FROM layer_errors "
      "JOIN runs ON id = run_id ORDER BY key, layer, site, token_type",
      "SELECT key, layer, site, token_type, other_type, width, dims, other_dims, shared_dims, mean_cosine_squared, "
      "largest_angle, exclusive_dims, own_energy, other_energy, other_output FROM row_spaces JOIN runs ON id = run_id "
      "ORDER BY key, layer, site, token_type, other_type",
      "SELECT key, layer, site, token_type, tokens, width, activation_rank, weight_rank, weakest_dims, weakest_energy, "
      "weakest_output, unread_output FROM solution_spaces JOIN runs ON id = run_id ORDER BY key, layer, site, "
      "token_type",
      "SELECT key, layer, site, token_type, tokens, width, effective_rank, dims_99, mean_share, absmax, channel_ratio, "
      "crest, kurtosis FROM activation_statistics JOIN runs ON id = run_id ORDER BY key, layer, site, token_type"};
  return guarded(path_, [&] {
    // One snapshot, should another process be writing.
    SQLite::Transaction snapshot(*database_);
    std::string text;
    for (const char* query : kQueries) text += serialise(*database_, query);
    return sha256(text);
  });
}

}  // namespace freeact
