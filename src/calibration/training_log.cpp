#include "calibration/training_log.h"

#include <limits>

#include "util/fields.h"

namespace freeact {
namespace {

// JSON has no infinity and no NaN: the first is written as a text, the second as null.
Json number(double value) {
  if (value == std::numeric_limits<double>::infinity()) return "infinity";
  return value;
}

double to_number(const Json& json) {
  if (json.is_string()) return std::numeric_limits<double>::infinity();
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

Json to_json(const SiteTrainingLog& s) {
  return {{"site", static_cast<int>(s.site)},
          {"error_before", number(s.error_before)},
          {"error_after", number(s.error_after)},
          {"condition", number(s.condition)},
          {"inverse_deviation", number(s.inverse_deviation)}};
}

SiteTrainingLog site_of(const Json& json) {
  return {static_cast<SiteId>(json.at("site").get<int>()), to_number(json.at("error_before")),
          to_number(json.at("error_after")), to_number(json.at("condition")), to_number(json.at("inverse_deviation"))};
}

}  // namespace

std::string to_text(const BlockTrainingLog& log) {
  Json json = {{"layer", log.layer},
               {"precision", log.precision},
               {"epochs", log.epochs},
               {"rescues", log.rescues},
               {"stopped_early", log.stopped_early},
               {"loss_start", number(log.loss_start)},
               {"loss_end", number(log.loss_end)},
               {"epoch_losses", log.epoch_losses},
               {"sites", Json::array()},
               {"warnings", log.warnings}};
  for (const auto& site : log.sites) json["sites"].push_back(to_json(site));
  return json.dump();
}

BlockTrainingLog training_log_from_text(const std::string& text) {
  const Json json = Json::parse(text);
  BlockTrainingLog log;
  log.layer = json.at("layer").get<int64_t>();
  log.precision = json.at("precision").get<std::string>();
  log.epochs = json.at("epochs").get<int64_t>();
  log.rescues = json.at("rescues").get<int64_t>();
  log.stopped_early = json.at("stopped_early").get<bool>();
  log.loss_start = to_number(json.at("loss_start"));
  log.loss_end = to_number(json.at("loss_end"));
  for (const auto& loss : json.at("epoch_losses")) log.epoch_losses.push_back(to_number(loss));
  for (const auto& site : json.at("sites")) log.sites.push_back(site_of(site));
  log.warnings = json.at("warnings").get<std::vector<std::string>>();
  return log;
}

}  // namespace freeact
