#include "store/record_json.h"

namespace freeact {

Json metrics_json(const std::vector<Metric>& metrics) {
  Json list = Json::array();
  for (const auto& m : metrics)
    list.push_back({{"task", m.task},
                    {"name", m.name},
                    {"group", m.group},
                    {"value", m.value},
                    {"standard_error", m.standard_error},
                    {"count", m.count},
                    {"unit", m.unit}});
  return list;
}

Json record_json(const RunRecord& run) {
  Json json = {{"key", run.key},
               {"experiment", run.experiment},
               {"model", run.model},
               {"method", run.method},
               {"bits", run.bits},
               {"seed", run.seed},
               {"source_version", run.source_version},
               {"checkpoint_hash", run.checkpoint_hash},
               {"machine", run.machine},
               {"started_at", run.started_at},
               {"calibration_s", run.calibration_s},
               {"evaluation_s", run.evaluation_s},
               {"resolved_config", run.resolved_config},
               {"metrics", metrics_json(run.metrics)},
               {"layer_errors", Json::array()},
               {"activation_statistics", Json::array()}};
  for (const auto& e : run.layer_errors)
    json["layer_errors"].push_back({{"layer", e.layer},
                                    {"site", e.site},
                                    {"token_type", e.token_type},
                                    {"relative_error", e.relative_error},
                                    {"tokens", e.tokens}});
  for (const auto& a : run.activations)
    json["activation_statistics"].push_back({{"layer", a.layer},
                                             {"site", a.site},
                                             {"token_type", a.token_type},
                                             {"tokens", a.tokens},
                                             {"width", a.width},
                                             {"effective_rank", a.effective_rank},
                                             {"dims_99", a.dims_99},
                                             {"mean_share", a.mean_share},
                                             {"absmax", a.absmax},
                                             {"channel_ratio", a.channel_ratio},
                                             {"crest", a.crest},
                                             {"kurtosis", a.kurtosis}});
  return json;
}

}  // namespace freeact
