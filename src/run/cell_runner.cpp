#include "run/cell_runner.h"

#include <ATen/ATen.h>

#include "calibration/activation_statistics.h"
#include "config/yaml.h"
#include "eval/evaluate.h"
#include "run/external.h"
#include "run/provenance.h"
#include "run/task_settings.h"
#include "util/hash.h"
#include "util/progress.h"
#include "util/random.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kHeldOutBatch = 32;

at::ScalarType parse_dtype(const std::string& name) {
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16") return at::kHalf;
  return at::kFloat;
}

QuantSpec spec_of(const QuantConfig& q) {
  const Grid kv = {q.kv_bits, q.a_symmetric};
  return {{q.w_bits, q.w_symmetric}, {q.a_bits, q.a_symmetric}, kv, kv};
}

// What lies at a path is told by its hash; where it lies on this machine does not change a result.
nlohmann::json without_places(nlohmann::json determining) {
  const auto keep_name = [](nlohmann::json& path) {
    if (path.is_string()) path = fs::path(path.get<std::string>()).filename().string();
  };
  keep_name(determining["model"]["path"]);
  for (const char* key : {"dataset", "text"}) keep_name(determining["calibration"][key]);
  for (auto& task : determining["tasks"]) keep_name(task["dataset"]);
  return determining;
}

LayerError layer_error(const SiteError& error, const DecoderConfig& config) {
  return {static_cast<int>(error.layer), site_name(error.site),
          config.token_types[static_cast<size_t>(error.token_type)], error.relative_error, error.tokens};
}

ActivationStatistics activation_statistics(const SiteShape& s, const DecoderConfig& config) {
  return {.layer = static_cast<int>(s.layer),
          .site = site_name(s.site),
          .token_type = config.token_types[static_cast<size_t>(s.token_type)],
          .tokens = s.shape.tokens,
          .width = s.shape.width,
          .effective_rank = s.shape.effective_rank,
          .dims_99 = s.shape.dims_99,
          .mean_share = s.shape.mean_share,
          .absmax = s.shape.absmax,
          .channel_ratio = s.shape.channel_ratio,
          .crest = s.shape.crest,
          .kurtosis = s.shape.kurtosis};
}

}  // namespace

std::shared_ptr<const LoadedModel> ModelCache::get(const ModelConfig& config) {
  const std::lock_guard lock(mutex_);
  auto& slot = loaded_[config.path + '\n' + config.family + '\n' + config.dtype];
  if (!slot) {
    const fs::path path = project_.resolve(config.path);
    require_imported(path);
    slot = std::make_shared<LoadedModel>(load_model(path, config.family, parse_dtype(config.dtype)));
  }
  return slot;
}

Json CellRunner::validate(const Cell& cell) const {
  const Experiment& e = cell.experiment;
  Json resolved = cell.resolved;
  if (e.backend.device != "cpu")
    throw UserError("key 'backend.device' is '{}', but this build computes on the cpu only", e.backend.device);
  for (size_t i = 0; i < e.tasks.size(); ++i) resolved["tasks"][i] = resolved_task_settings(task_settings(cell, i));
  if (e.method.name == "none") return resolved;
  try {
    Json method = {{"name", e.method.name}};
    method.update(find_method(methods_, e.method.name).resolve(e.method.settings));
    resolved["method"] = method;
  } catch (const FieldError& error) {
    throw located(error, cell.places);
  }
  return resolved;
}

std::optional<ChatTemplate> CellRunner::chat_template_for(const EvalTaskSettings& task, const ModelConfig& config,
                                                          const LoadedModel& model) const {
  if (!task.generation.chat) return std::nullopt;
  const ChatTemplate chat = ChatTemplate::load(project_.resolve(config.path));
  chat.check(model.tokenizer);
  return chat;
}

std::string CellRunner::key(const Cell& cell) {
  nlohmann::json determining = without_places(determining_settings(cell.resolved));
  const Experiment& e = cell.experiment;
  const auto model = models_.get(e.model);
  determining["checkpoint_hash"] = model->hash;
  for (size_t i = 0; i < e.tasks.size(); ++i) {
    const EvalTaskSettings task = task_settings(cell, i);
    require_imported(project_.datasets() / task.dataset);
    check_model_fits(task, model->decoder.config);
    chat_template_for(task, e.model, *model);  // a missing one is found before the calibration
    determining["data_hashes"].push_back(task_data_hash(project_.datasets(), task));
  }
  if (e.method.name != "none")
    for (const auto& place : calibration_places(e.calibration, project_.datasets())) require_imported(place);
  if (e.method.name != "none" || has_calibration(e, model->decoder.config))
    determining["calibration_hash"] = calibration_data_hash(e.calibration, project_.datasets());
  return sha256(determining.dump());
}

RunRecord CellRunner::run(const Cell& cell, const fs::path& progress_folder,
                          const std::function<void(const std::string&)>& note) {
  const Experiment& e = cell.experiment;
  const auto model = models_.get(e.model);
  RunRecord record;
  record.experiment = e.name;
  record.model = e.model.name;
  record.method = e.method.name;
  record.bits = e.quant.label();
  record.seed = e.seed;
  record.resolved_config = to_yaml(cell.resolved);
  record.source_version = source_version_;
  record.checkpoint_hash = model->hash;
  record.machine = machine_line(1);
  record.started_at = utc_now();
  if (e.method.name == "none") measure_activations_of(e, *model, note, record);
  const Stopwatch calibration_watch;
  const Decoder quantised =
      e.method.name == "none" ? model->decoder : quantise(cell, *model, progress_folder, note, record);
  record.calibration_s = calibration_watch.seconds();
  const Stopwatch evaluation_watch;
  evaluate(cell, quantised, *model, note, record);
  record.evaluation_s = evaluation_watch.seconds();
  return record;
}

bool CellRunner::has_calibration(const Experiment& e, const DecoderConfig& model) const {
  const bool reads_it = model.mask_id >= 0 || e.calibration.is_running_text();  // items are drawn masked
  const auto places = calibration_places(e.calibration, project_.datasets());
  return reads_it && !e.calibration.dataset.empty() &&
         std::all_of(places.begin(), places.end(), [](const auto& place) { return fs::exists(place); });
}

CalibrationSequences CellRunner::draw(const Experiment& e, const LoadedModel& model) const {
  return draw_calibration(e.calibration, project_.datasets(), model.decoder.config, model.tokenizer, e.seed);
}

void CellRunner::measure_activations_of(const Experiment& e, const LoadedModel& model,
                                        const std::function<void(const std::string&)>& note, RunRecord& record) const {
  if (!has_calibration(e, model.decoder.config)) return;
  const auto shapes = measure_activations(
      model.decoder, make_batches(draw(e, model).held_out, kHeldOutBatch),
      [&](int64_t block, int64_t blocks) { note(fmt::format("activations of block {} of {}", block + 1, blocks)); });
  for (const auto& shape : shapes) record.activations.push_back(activation_statistics(shape, model.decoder.config));
}

Decoder CellRunner::quantise(const Cell& cell, const LoadedModel& model, const fs::path& progress_folder,
                             const std::function<void(const std::string&)>& note, RunRecord& record) const {
  const Experiment& e = cell.experiment;
  const auto method =
      find_method(methods_, e.method.name).make(e.method.settings, {spec_of(e.quant), derive_seed(e.seed, "method")});
  const auto data = draw(e, model);
  DriverJob job;
  job.calibration = make_batches(data.calibration, method->batch_size());
  job.held_out = make_batches(data.held_out, kHeldOutBatch);
  Decoder prepared = model.decoder;
  method->prepare(prepared, job.calibration);
  job.calibrate = [&](const Block& block, const std::vector<BlockBatch>& batches) {
    return method->calibrate(block, batches, prepared.config);
  };
  job.progress_folder = progress_folder;
  job.on_block = [&](int64_t block, int64_t blocks) { note(fmt::format("block {} of {}", block + 1, blocks)); };
  DriverResult result = calibrate_model(prepared, job);
  for (const auto& error : result.errors) record.layer_errors.push_back(layer_error(error, prepared.config));
  return result.model;
}

void CellRunner::evaluate(const Cell& cell, const Decoder& quantised, const LoadedModel& model,
                          const std::function<void(const std::string&)>& note, RunRecord& record) const {
  for (size_t i = 0; i < cell.experiment.tasks.size(); ++i) {
    const EvalTaskSettings settings = task_settings(cell, i);
    note("evaluating " + settings.name);
    const auto chat = chat_template_for(settings, cell.experiment.model, model);
    const TaskResult result = evaluate_task(project_.datasets(), settings, quantised, model.tokenizer,
                                            cell.experiment.seed, chat ? &*chat : nullptr);
    for (const auto& metric : result.metrics)
      record.metrics.push_back({result.task, result.version, metric.name, metric.group, metric.value,
                                metric.standard_error, metric.count, metric.higher_is_better, metric.unit});
    for (const auto& sample : result.samples)
      record.samples.push_back({result.task, sample.index, sample.input_hash, sample.output, sample.score});
  }
}

}  // namespace freeact
