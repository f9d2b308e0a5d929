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
                    {"population", m.population},
                    {"unit", m.unit}});
  return list;
}

namespace {

Json optional_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json row_spaces_json(const std::vector<RowSpaceOverlap>& rows) {
  Json list = Json::array();
  for (const auto& o : rows)
    list.push_back({{"layer", o.layer},
                    {"site", o.site},
                    {"token_type", o.token_type},
                    {"other_type", o.other_type},
                    {"width", o.width},
                    {"dims", o.dims},
                    {"other_dims", o.other_dims},
                    {"shared_dims", o.shared_dims},
                    {"mean_cosine_squared", o.mean_cosine_squared},
                    {"largest_angle", o.largest_angle},
                    {"exclusive_dims", o.exclusive_dims},
                    {"own_energy", o.own_energy},
                    {"other_energy", o.other_energy},
                    {"other_output", o.other_output}});
  return list;
}

Json solution_spaces_json(const std::vector<SolutionSpace>& rows) {
  Json list = Json::array();
  for (const auto& s : rows)
    list.push_back({{"layer", s.layer},
                    {"site", s.site},
                    {"token_type", s.token_type},
                    {"tokens", s.tokens},
                    {"width", s.width},
                    {"activation_rank", s.activation_rank},
                    {"weight_rank", s.weight_rank},
                    {"weakest_dims", s.weakest_dims},
                    {"weakest_energy", s.weakest_energy},
                    {"weakest_output", s.weakest_output},
                    {"unread_output", s.unread_output}});
  return list;
}

Json training_json(const BlockTraining& training) {
  Json json = {
      {"layer", training.layer},       {"precision", training.precision},         {"epochs", training.epochs},
      {"rescues", training.rescues},   {"stopped_early", training.stopped_early}, {"loss_start", training.loss_start},
      {"loss_end", training.loss_end}, {"epoch_losses", training.epoch_losses},   {"sites", Json::array()},
      {"warnings", training.warnings}};
  for (const auto& s : training.sites)
    json["sites"].push_back({{"site", s.site},
                             {"error_before", s.error_before},
                             {"error_after", s.error_after},
                             {"condition", s.condition},
                             {"inverse_deviation", s.inverse_deviation}});
  return json;
}

}  // namespace

Json record_json(const RunRecord& run) {
  Json json = {{"key", run.key},
               {"experiment", run.experiment},
               {"model", run.model},
               {"method", run.method},
               {"arm", run.arm},
               {"bits", run.bits},
               {"seed", run.seed},
               {"source_version", run.source_version},
               {"checkpoint_hash", run.checkpoint_hash},
               {"model_bytes", run.model_bytes ? Json(*run.model_bytes) : Json(nullptr)},
               {"machine", run.machine},
               {"started_at", run.started_at},
               {"calibration_s", run.calibration_s},
               {"evaluation_s", run.evaluation_s},
               {"resolved_config", run.resolved_config},
               {"metrics", metrics_json(run.metrics)},
               {"layer_errors", Json::array()},
               {"activation_statistics", Json::array()},
               {"block_trainings", Json::array()}};
  for (const auto& e : run.layer_errors)
    json["layer_errors"].push_back({{"layer", e.layer},
                                    {"site", e.site},
                                    {"token_type", e.token_type},
                                    {"relative_error", e.relative_error},
                                    {"tokens", e.tokens},
                                    {"truncation", optional_json(e.truncation)},
                                    {"activation_only", optional_json(e.activation_only)}});
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
  for (const auto& training : run.block_trainings) json["block_trainings"].push_back(training_json(training));
  json["row_spaces"] = row_spaces_json(run.row_spaces);
  json["solution_spaces"] = solution_spaces_json(run.solution_spaces);
  return json;
}

}  // namespace freeact
