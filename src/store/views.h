// The views, by the schema version they came with: docs/database.md explains them column by column.
#pragma once

namespace freeact {

// A step of the schema, so never edited once released: a later step drops a view and makes it anew.
inline constexpr const char* kViewsOfVersion12 = R"sql(
CREATE VIEW scores AS
  SELECT runs.id AS run, experiment, model, method, coalesce(nullif(arm, ''), method) AS arm, bits, seed, task, name AS
    metric, "group" AS part, value, standard_error, count AS items, population, unit, higher_is_better
  FROM metrics JOIN runs ON runs.id = metrics.run_id LEFT JOIN circumstances USING (run_id);
CREATE VIEW answers AS
  SELECT runs.id AS run, experiment, model, method, coalesce(nullif(arm, ''), method) AS arm, bits, seed, task,
    "index" AS item, input_hash, score, output, prompt, response, judged, tokens, steps, seconds
  FROM samples JOIN runs ON runs.id = samples.run_id LEFT JOIN circumstances USING (run_id)
    LEFT JOIN sample_details USING (run_id, task, "index");
CREATE VIEW layer_error AS
  SELECT runs.id AS run, experiment, model, method, coalesce(nullif(arm, ''), method) AS arm, bits, seed, layer, site,
    token_type, relative_error, truncation, activation_only, tokens
  FROM layer_errors JOIN runs ON runs.id = layer_errors.run_id LEFT JOIN circumstances USING (run_id);
CREATE VIEW latency AS
  SELECT id AS measurement, name, baseline, model, backend, unit, clock, 1000 * median_s AS median_ms,
    1000 * p10_s AS p10_ms, 1000 * p90_s AS p90_ms, count AS rounds, ratio, ratio_low, ratio_high, accuracy,
    accuracy_kind, peak_memory_mib, note, machine, threads, instruction_set, source_version, measured_at
  FROM latencies;
)sql";

inline constexpr const char* kUnmaskingOfVersion13 = R"sql(
CREATE TABLE unmaskings (
  run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, task TEXT NOT NULL, "index" INTEGER NOT NULL,
  tokens TEXT NOT NULL, UNIQUE (run_id, task, "index"));
DROP VIEW answers;
CREATE VIEW answers AS
  SELECT runs.id AS run, experiment, model, method, coalesce(nullif(arm, ''), method) AS arm, bits, seed, task,
    "index" AS item, input_hash, score, output, prompt, response, judged, sample_details.tokens,
    steps, seconds, unmaskings.tokens AS unmasking
  FROM samples JOIN runs ON runs.id = samples.run_id LEFT JOIN circumstances USING (run_id)
    LEFT JOIN sample_details USING (run_id, task, "index") LEFT JOIN unmaskings USING (run_id, task, "index");
)sql";

}  // namespace freeact
