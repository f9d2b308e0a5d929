#include "store/rows.h"

#include <fmt/format.h>

#include "store/block_training_rows.h"
#include "store/columns.h"
#include "store/gallery_rows.h"
#include "store/token_analysis_rows.h"
#include "store/unmasking_rows.h"

namespace freeact {
namespace {

void insert_metrics(SQLite::Database& database, const RunRecord& run, int64_t id) {
  SQLite::Statement statement(database, "INSERT INTO metrics VALUES (?,?,?,?,?,?,?,?,?,?,?)");
  for (const auto& metric : run.metrics)
    insert(statement, id, metric.task, metric.task_version, metric.name, metric.group, metric.value,
           metric.standard_error, metric.count, static_cast<int>(metric.higher_is_better), metric.unit,
           metric.population);
}

void insert_samples(SQLite::Database& database, const RunRecord& run, int64_t id) {
  SQLite::Statement statement(database, "INSERT INTO samples VALUES (?,?,?,?,?,?)");
  for (const auto& sample : run.samples)
    insert(statement, id, sample.task, sample.index, sample.input_hash, sample.output, sample.score);
}

void insert_sample_details(SQLite::Database& database, const RunRecord& run, int64_t id) {
  SQLite::Statement statement(database, "INSERT INTO sample_details VALUES (?,?,?,?,?,?,?,?,?)");
  for (const auto& sample : run.samples)
    if (const auto& d = sample.details)
      insert(statement, id, sample.task, sample.index, d->prompt, d->response, d->judged, d->tokens, d->steps,
             d->seconds);
}

void insert_layer_errors(SQLite::Database& database, const RunRecord& run, int64_t id) {
  SQLite::Statement statement(database, "INSERT INTO layer_errors VALUES (?,?,?,?,?,?,?,?)");
  for (const auto& error : run.layer_errors)
    insert(statement, id, error.layer, error.site, error.token_type, error.relative_error, error.tokens,
           error.truncation, error.activation_only);
}

void insert_activations(SQLite::Database& database, const RunRecord& run, int64_t id) {
  SQLite::Statement statement(database, "INSERT INTO activation_statistics VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
  for (const auto& a : run.activations)
    insert(statement, id, a.layer, a.site, a.token_type, a.tokens, a.width, a.effective_rank, a.dims_99, a.mean_share,
           a.absmax, a.channel_ratio, a.crest, a.kurtosis);
}

std::vector<Metric> select_metrics(SQLite::Database& database, int64_t id) {
  SQLite::Statement statement(database, "SELECT * FROM metrics WHERE run_id = ? ORDER BY rowid");
  statement.bind(1, id);
  std::vector<Metric> metrics;
  while (statement.executeStep()) {
    metrics.push_back({.task = statement.getColumn(1).getString(),
                       .task_version = statement.getColumn(2).getInt(),
                       .name = statement.getColumn(3).getString(),
                       .group = statement.getColumn(4).getString(),
                       .value = real(statement.getColumn(5)),
                       .standard_error = real(statement.getColumn(6)),
                       .count = statement.getColumn(7).getInt64(),
                       .higher_is_better = statement.getColumn(8).getInt() != 0,
                       .unit = statement.getColumn(9).getString(),
                       .population = statement.getColumn(10).getInt64()});
  }
  return metrics;
}

// Of a row that may have none; the columns begin at `first`.
std::optional<SampleDetails> details_of(SQLite::Statement& row, int first) {
  if (row.getColumn(first).isNull()) return std::nullopt;
  return SampleDetails{.prompt = row.getColumn(first).getString(),
                       .response = row.getColumn(first + 1).getString(),
                       .judged = row.getColumn(first + 2).getString(),
                       .tokens = row.getColumn(first + 3).getInt64(),
                       .steps = row.getColumn(first + 4).getInt64(),
                       .seconds = real(row.getColumn(first + 5))};
}

std::vector<Sample> select_samples(SQLite::Database& database, int64_t id) {
  SQLite::Statement statement(database, fmt::format("{} WHERE s.run_id = ? ORDER BY s.rowid", kSelectSamples));
  statement.bind(1, id);
  std::vector<Sample> samples;
  while (statement.executeStep()) samples.push_back(sample_of(statement));
  return samples;
}

std::vector<LayerError> select_layer_errors(SQLite::Database& database, int64_t id) {
  SQLite::Statement statement(database, "SELECT * FROM layer_errors WHERE run_id = ? ORDER BY rowid");
  statement.bind(1, id);
  std::vector<LayerError> errors;
  while (statement.executeStep()) {
    errors.push_back({.layer = statement.getColumn(1).getInt(),
                      .site = statement.getColumn(2).getString(),
                      .token_type = statement.getColumn(3).getString(),
                      .relative_error = real(statement.getColumn(4)),
                      .tokens = statement.getColumn(5).getInt64(),
                      .truncation = optional_real(statement.getColumn(6)),
                      .activation_only = optional_real(statement.getColumn(7))});
  }
  return errors;
}

std::vector<ActivationStatistics> select_activations(SQLite::Database& database, int64_t id) {
  SQLite::Statement statement(database, "SELECT * FROM activation_statistics WHERE run_id = ? ORDER BY rowid");
  statement.bind(1, id);
  std::vector<ActivationStatistics> activations;
  while (statement.executeStep()) {
    activations.push_back({.layer = statement.getColumn(1).getInt(),
                           .site = statement.getColumn(2).getString(),
                           .token_type = statement.getColumn(3).getString(),
                           .tokens = statement.getColumn(4).getInt64(),
                           .width = statement.getColumn(5).getInt64(),
                           .effective_rank = real(statement.getColumn(6)),
                           .dims_99 = statement.getColumn(7).getInt64(),
                           .mean_share = real(statement.getColumn(8)),
                           .absmax = real(statement.getColumn(9)),
                           .channel_ratio = real(statement.getColumn(10)),
                           .crest = real(statement.getColumn(11)),
                           .kurtosis = real(statement.getColumn(12))});
  }
  return activations;
}

std::string serialise(const SQLite::Column& column) {
  if (column.isNull()) return "-";
  if (column.isInteger()) return fmt::format("i{}", column.getInt64());
  if (column.isFloat()) return fmt::format("f{:a}", column.getDouble());
  return fmt::format("t{}:{}", column.getBytes(), column.getString());
}

}  // namespace

std::optional<int64_t> find_key(SQLite::Database& database, std::string_view key) {
  SQLite::Statement statement(database, "SELECT id FROM runs WHERE key = ?");
  statement.bind(1, std::string(key));
  if (!statement.executeStep()) return std::nullopt;
  return statement.getColumn(0).getInt64();
}

int64_t insert_run(SQLite::Database& database, const RunRecord& run, std::optional<int64_t> id) {
  SQLite::Statement runs(database, "INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?)");
  if (id) runs.bind(1, *id);
  int index = 1;
  for (const auto* text : {&run.key, &run.experiment, &run.model, &run.method, &run.bits}) runs.bind(++index, *text);
  runs.bind(++index, signed_bits(run.seed));
  for (const auto* text : {&run.resolved_config, &run.source_version, &run.checkpoint_hash}) runs.bind(++index, *text);
  bind_value(runs, ++index, run.model_bytes);
  runs.exec();
  const int64_t new_id = database.getLastInsertRowid();

  SQLite::Statement circumstances(database, "INSERT INTO circumstances VALUES (?,?,?,?,?,?)");
  insert(circumstances, new_id, run.machine, run.started_at, run.calibration_s, run.evaluation_s, run.arm);
  insert_metrics(database, run, new_id);
  insert_samples(database, run, new_id);
  insert_sample_details(database, run, new_id);
  insert_layer_errors(database, run, new_id);
  insert_activations(database, run, new_id);
  insert_gallery(database, run.gallery, new_id);
  insert_block_trainings(database, run.block_trainings, new_id);
  insert_token_analysis(database, run, new_id);
  insert_unmaskings(database, run.unmaskings, new_id);
  return new_id;
}

Sample sample_of(SQLite::Statement& row) {
  return {.task = row.getColumn(1).getString(),
          .index = row.getColumn(2).getInt64(),
          .input_hash = row.getColumn(3).getString(),
          .output = row.getColumn(4).getString(),
          .score = real(row.getColumn(5)),
          .details = details_of(row, 6)};
}

std::optional<RunRecord> select_run(SQLite::Database& database, int64_t id) {
  auto run = select_run_without_samples(database, id);
  if (run) run->samples = select_samples(database, id);
  return run;
}

std::optional<RunRecord> select_run_without_samples(SQLite::Database& database, int64_t id) {
  SQLite::Statement statement(database,
                              "SELECT key, experiment, model, method, bits, seed, resolved_config, source_version, "
                              "checkpoint_hash, machine, started_at, calibration_s, evaluation_s, arm, model_bytes "
                              "FROM runs JOIN circumstances ON run_id = id WHERE id = ?");
  statement.bind(1, id);
  if (!statement.executeStep()) return std::nullopt;
  return RunRecord{.key = statement.getColumn(0).getString(),
                   .experiment = statement.getColumn(1).getString(),
                   .model = statement.getColumn(2).getString(),
                   .method = statement.getColumn(3).getString(),
                   .bits = statement.getColumn(4).getString(),
                   .seed = unsigned_bits(statement.getColumn(5)),
                   .resolved_config = statement.getColumn(6).getString(),
                   .source_version = statement.getColumn(7).getString(),
                   .checkpoint_hash = statement.getColumn(8).getString(),
                   .model_bytes = optional_integer(statement.getColumn(14)),
                   .arm = statement.getColumn(13).getString(),
                   .machine = statement.getColumn(9).getString(),
                   .started_at = statement.getColumn(10).getString(),
                   .calibration_s = real(statement.getColumn(11)),
                   .evaluation_s = real(statement.getColumn(12)),
                   .metrics = select_metrics(database, id),
                   .samples = {},
                   .layer_errors = select_layer_errors(database, id),
                   .activations = select_activations(database, id),
                   .gallery = select_gallery(database, id),
                   .block_trainings = select_block_trainings(database, id),
                   .row_spaces = select_row_spaces(database, id),
                   .solution_spaces = select_solution_spaces(database, id),
                   .surfaces = select_surfaces(database, id),
                   .unmaskings = select_unmaskings(database, id)};
}

std::vector<RunSummary> select_summaries(SQLite::Database& database, std::string_view experiment) {
  SQLite::Statement statement(database,
                              "SELECT id, key, experiment, model, method, bits, seed, source_version, checkpoint_hash, "
                              "started_at FROM runs JOIN circumstances ON run_id = id "
                              "WHERE ?1 = '' OR experiment = ?1 ORDER BY id");
  statement.bind(1, std::string(experiment));
  std::vector<RunSummary> summaries;
  while (statement.executeStep()) {
    summaries.push_back({.id = statement.getColumn(0).getInt64(),
                         .key = statement.getColumn(1).getString(),
                         .experiment = statement.getColumn(2).getString(),
                         .model = statement.getColumn(3).getString(),
                         .method = statement.getColumn(4).getString(),
                         .bits = statement.getColumn(5).getString(),
                         .seed = unsigned_bits(statement.getColumn(6)),
                         .source_version = statement.getColumn(7).getString(),
                         .checkpoint_hash = statement.getColumn(8).getString(),
                         .started_at = statement.getColumn(9).getString()});
  }
  return summaries;
}

std::string serialise(SQLite::Database& database, const char* query) {
  SQLite::Statement statement(database, query);
  std::string text = fmt::format("{}\n", query);
  while (statement.executeStep()) {
    for (int i = 0; i < statement.getColumnCount(); ++i) text += serialise(statement.getColumn(i)) + ",";
    text += '\n';
  }
  return text;
}

}  // namespace freeact
