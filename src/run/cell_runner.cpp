#include "run/cell_runner.h"

#include <ATen/ATen.h>

#include "config/yaml.h"
#include "eval/evaluate.h"
#include "latency/machine.h"
#include "model/on_device.h"
#include "model/rounded_embeddings.h"
#include "run/backend.h"
#include "run/external.h"
#include "run/model_size.h"
#include "run/provenance.h"
#include "run/quantised_vision.h"
#include "run/saved_model.h"
#include "run/task_settings.h"
#include "run/token_analysis.h"
#include "util/progress.h"
#include "util/random.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kHeldOutBatch = 32;

// What ran the cell.
std::string machine_of(const BackendConfig& backend) {
  Machine machine = describe_machine();
  machine.accelerator = device_name(backend);
  return machine_line(machine, 1);
}

// Copies of a model that share a cell's items, each on its device and backend. Those in one place share its tensors.
std::vector<Decoder> replicas(const Decoder& model, const Experiment& e) {
  std::vector<Decoder> copies;
  at::Device last = at::kCPU;
  for (const BackendConfig& backend : replica_backends(e.backend, e.launcher.replicas)) {
    const at::Device device = device_of(backend);
    const bool is_there = !copies.empty() && device == last;
    copies.push_back(is_there ? copies.back() : on_backend(on_device(model, device), backend));
    last = device;
  }
  return copies;
}

at::ScalarType parse_dtype(const std::string& name) {
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16") return at::kHalf;
  return at::kFloat;
}

BlockTraining block_training(const BlockTrainingLog& log) {
  BlockTraining training{.layer = static_cast<int>(log.layer),
                         .precision = log.precision,
                         .epochs = log.epochs,
                         .rescues = log.rescues,
                         .stopped_early = log.stopped_early,
                         .loss_start = log.loss_start,
                         .loss_end = log.loss_end,
                         .epoch_losses = log.epoch_losses,
                         .sites = {},
                         .warnings = log.warnings};
  for (const auto& s : log.sites)
    training.sites.push_back({site_name(s.site), s.error_before, s.error_after, s.condition, s.inverse_deviation});
  return training;
}

std::optional<SampleDetails> details_of(const SampleResult& sample) {
  if (!sample.details) return std::nullopt;
  const AnswerDetails& d = *sample.details;
  return SampleDetails{d.prompt, d.response, d.judged, d.tokens, d.steps, d.seconds};
}

UnmaskedAnswer unmasked_answer(const std::string& task, const UnmaskedItem& item) {
  UnmaskedAnswer answer = {task, item.index, {}};
  for (const auto& [text, step] : item.tokens) answer.tokens.push_back({text, step});
  return answer;
}

void add_result(const TaskResult& result, RunRecord& record) {
  for (const auto& metric : result.metrics)
    record.metrics.push_back({result.task, result.version, metric.name, metric.group, metric.value,
                              metric.standard_error, metric.count, metric.higher_is_better, metric.unit,
                              metric.population});
  for (const auto& sample : result.samples)
    record.samples.push_back(
        {result.task, sample.index, sample.input_hash, sample.output, sample.score, details_of(sample)});
  for (const auto& unmasked : result.unmasked) record.unmaskings.push_back(unmasked_answer(result.task, unmasked));
  for (const auto& item : result.shown)
    record.gallery.push_back({result.task, item.index, item.input_hash, item.question, item.expected, item.image_png});
}

// The model with its tokens told apart as the configuration says; it shares the tensors.
std::shared_ptr<const LoadedModel> with_token_types(const std::shared_ptr<const LoadedModel>& model,
                                                    const ModelConfig& config) {
  if (config.token_types == "family" || model->made_by) return model;  // a saved model has its own; see check_saved
  auto typed = std::make_shared<LoadedModel>(*model);
  try {
    set_type_rule(typed->decoder.config, {parse_type_scheme(config.token_types), config.late_mask_share});
  } catch (const UserError& error) {
    throw UserError("key 'model.token_types': {}", error.what());
  }
  return typed;
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
  return with_token_types(slot, config);
}

std::optional<Prompter> CellRunner::prompter_for(const EvalTaskSettings& task, const ModelConfig& config,
                                                 const LoadedModel& model) const {
  if (!task.generation.chat) return std::nullopt;
  return std::optional<Prompter>(std::in_place, model, project_.resolve(config.path), task.images);
}

std::optional<Prompter> CellRunner::calibration_prompter(const Experiment& e, const LoadedModel& model) const {
  if (!are_conversations(e.calibration, model.decoder.config)) return std::nullopt;
  return std::optional<Prompter>(std::in_place, model, project_.resolve(e.model.path), image_limits(e.calibration));
}

std::shared_ptr<const LoadedModel> CellRunner::source_model(const Experiment& e) {
  ModelConfig config = e.model;
  if (e.method.name != "none") config.dtype = kQuantisedDtype;
  return models_.get(config);
}

std::shared_ptr<const LoadedModel> CellRunner::load(const Experiment& e) {
  const auto model = source_model(e);
  const bool as_loaded = e.method.name == "none" || model->made_by;
  return on_device(model->made_by ? model : with_quantised_vision(model, e.quant), device_of(e.backend),
                   as_loaded ? MovedPart::kAll : MovedPart::kVision);
}

std::unique_ptr<Method> CellRunner::make_method(const Experiment& e) const {
  const MethodContext context = {spec_of(e.quant), derive_seed(e.seed, "method"), device_of(e.backend)};
  return find_method(methods_, e.method.name).make(e.method.settings, context);
}

RunRecord CellRunner::run(const Cell& cell, const fs::path& progress_folder,
                          const std::function<void(const std::string&)>& note) {
  const Experiment& e = cell.experiment;
  const auto model = load(e);
  RunRecord record;
  record.experiment = e.name;
  record.model = e.model.name;
  record.method = e.method.name;
  record.bits = e.quant.label();
  record.seed = e.seed;
  record.resolved_config = to_yaml(cell.resolved);
  record.source_version = source_version_;
  record.checkpoint_hash = model->hash;
  record.machine = machine_of(e.backend);
  record.started_at = utc_now();
  if (e.method.name == "none") measure_activations_of(e, *model, note, record);
  const Stopwatch calibration_watch;
  const bool as_loaded = e.method.name == "none" || model->made_by;
  const Decoder quantised = as_loaded ? model->decoder
                                      : with_rounded_embeddings(quantise(cell, *model, progress_folder, note, record),
                                                                e.quant.embedding_bits);
  record.calibration_s = calibration_watch.seconds();
  record.model_bytes = model_bytes(e, quantised, *model, CheckpointFolder(project_.resolve(e.model.path)));
  const std::vector<Decoder> running = replicas(quantised, e);
  const Stopwatch evaluation_watch;
  evaluate(cell, Replicas(running), *vision_on_backend(model, e.backend), progress_folder, note, record);
  record.evaluation_s = evaluation_watch.seconds();
  return record;
}

bool CellRunner::has_calibration(const Experiment& e, const LoadedModel& model) const {
  const bool reads_it = model.decoder.config.mask_id >= 0 || model.vision || e.calibration.is_running_text();
  const auto places = calibration_places(e.calibration, project_.datasets());
  return reads_it && !e.calibration.dataset.empty() &&
         std::all_of(places.begin(), places.end(), [](const auto& place) { return fs::exists(place); });
}

CalibrationSequences CellRunner::draw(const Experiment& e, const LoadedModel& model) const {
  if (model.made_by)
    throw UserError("'{}' is quantised already and cannot be calibrated: give the checkpoint it was made of",
                    e.model.path);
  const auto prompter = calibration_prompter(e, model);
  const Decoder decoder = asks_model(e.calibration) ? on_device(model.decoder, device_of(e.backend)) : model.decoder;
  return draw_calibration(e.calibration, project_.datasets(), decoder, model.tokenizer, e.seed,
                          prompter ? &*prompter : nullptr);
}

void CellRunner::measure_activations_of(const Experiment& e, const LoadedModel& model,
                                        const std::function<void(const std::string&)>& note, RunRecord& record) const {
  if (!has_calibration(e, model)) return;
  const auto held_out = make_batches(draw(e, model).held_out, kHeldOutBatch);
  record_activations(model.decoder, held_out, note, record);
  record_surfaces(model.decoder, held_out, e.analysis, record);
}

Decoder CellRunner::quantise(const Cell& cell, const LoadedModel& model, const fs::path& progress_folder,
                             const std::function<void(const std::string&)>& note, RunRecord& record) const {
  const Experiment& e = cell.experiment;
  const auto method = make_method(e);
  const auto data = draw(e, model);
  DriverJob job;
  job.calibration = make_batches(data.calibration, method->batch_size());
  job.held_out = make_batches(data.held_out, kHeldOutBatch);
  Decoder prepared = model.decoder;
  method->prepare(prepared, job.calibration);
  job.calibrate = [&](const Block& block, const std::vector<BlockBatch>& batches) {
    return method->calibrate(block, batches, prepared.config);
  };
  job.device = device_of(e.backend);
  job.progress_folder = progress_folder;
  job.on_block = [&](int64_t block, int64_t blocks) { note(fmt::format("block {} of {}", block + 1, blocks)); };
  DriverResult result = calibrate_model(prepared, job);
  for (const auto& error : result.errors) record.layer_errors.push_back(layer_error(error, prepared.config));
  for (const auto& log : result.trainings) record.block_trainings.push_back(block_training(log));
  record_surfaces(with_rounded_embeddings(result.model, e.quant.embedding_bits), job.held_out, e.analysis, record);
  return result.model;
}

void CellRunner::evaluate(const Cell& cell, const Replicas& quantised, const LoadedModel& model,
                          const fs::path& progress_folder, const std::function<void(const std::string&)>& note,
                          RunRecord& record) const {
  for (size_t i = 0; i < cell.experiment.tasks.size(); ++i) {
    EvalTaskSettings settings = task_settings(cell, i, project_);
    note("evaluating " + settings.name);
    if (settings.generation.repetition_penalty == 0)
      settings.generation.repetition_penalty = model.generation.repetition_penalty;
    const auto prompter = prompter_for(settings, cell.experiment.model, model);
    EvaluationWatch watch;
    if (settings.kind == "benchmark" || settings.kind == "generation")
      watch.log = response_log(cell, i, model.hash, progress_folder);
    watch.on_item = [&](size_t done, size_t all) { note(fmt::format("{} {} of {}", settings.name, done, all)); };
    add_result(evaluate_task(project_.datasets(), settings, quantised, model.tokenizer, cell.experiment.seed,
                             prompter ? &*prompter : nullptr, std::move(watch)),
               record);
  }
}

}  // namespace freeact
