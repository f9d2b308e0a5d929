// Runs one cell of an experiment: load, prepare, calibrate block by block, evaluate.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "config/plan.h"
#include "eval/evaluate.h"
#include "method/method.h"
#include "prompt/prompter.h"
#include "run/calibration_data.h"
#include "run/cell_cost.h"
#include "run/project.h"
#include "run/provenance.h"
#include "store/record.h"

namespace freeact {

// Loads each checkpoint once. Thread safe.
class ModelCache {
 public:
  explicit ModelCache(Project project) : project_(std::move(project)) {}
  std::shared_ptr<const LoadedModel> get(const ModelConfig& config);

 private:
  Project project_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const LoadedModel>> loaded_;
};

// Hashes of what determines a cell's result, and of what determines its quantised model: cells that differ in their
// tasks or their backend alone share the latter.
struct CellKeys {
  std::string result, calibration;
};

// The grids of everything that is quantised.
QuantSpec spec_of(const QuantConfig& quant);

class CellRunner {
 public:
  CellRunner(const Project& project, const MethodTable& methods)
      : project_(project), methods_(methods), models_(project), source_version_(source_version(project.root)) {}

  // Everything that can be wrong about a cell short of its data: method settings, devices, data sets. Returns the
  // cell's resolved settings with the method's defaults filled in. Throws UserError with the key's place.
  Json validate(const Cell& cell) const;

  // From resolved settings, checkpoint and data. Two cells with one key of their result give identical rows.
  CellKeys keys(const Cell& cell);

  // Reads data and tokenizer, asks no model.
  CellCost cost(const Cell& cell);

  // The cell of the 16-bit model (method none) also gets the statistics of its activations: they depend on the model,
  // the calibration data and the seed, so that the cells of methods need not measure them again.
  // note(text) is called as the work goes on; finished blocks are kept in progress_folder, and read from there when
  // another cell of the same calibration left them.
  RunRecord run(const Cell& cell, const std::filesystem::path& progress_folder,
                const std::function<void(const std::string&)>& note);

  // The parts that other measurements of a cell need: the model it runs with, its method, sequences to calibrate on and
  // to measure on, the version of the sources. A model that is to be quantised lies in host memory but for the tower
  // that sees images; one that runs as it was loaded lies on the cell's device.
  std::shared_ptr<const LoadedModel> load(const Experiment& experiment);
  std::unique_ptr<Method> make_method(const Experiment& experiment) const;
  CalibrationSequences draw(const Experiment& experiment, const LoadedModel& model) const;
  const std::string& version() const { return source_version_; }
  // The model with the blocks that its method makes, on the cell's device; embedding and head are not rounded yet
  // (model/rounded_embeddings.h). Errors and training go into the record.
  Decoder quantise(const Cell& cell, const LoadedModel& model, const std::filesystem::path& progress_folder,
                   const std::function<void(const std::string&)>& note, RunRecord& record) const;

 private:
  // The checkpoint in model.dtype, and for a method in float32: methods calibrate and compute in it.
  std::shared_ptr<const LoadedModel> source_model(const Experiment& experiment);
  // Whether calibration data are at hand that the model can read. They matter to the 16-bit model only for the
  // statistics of its activations, so that it runs without them.
  bool has_calibration(const Experiment& experiment, const LoadedModel& model) const;
  void measure_activations_of(const Experiment& experiment, const LoadedModel& model,
                              const std::function<void(const std::string&)>& note, RunRecord& record) const;
  // Who asks the model in its chat template, where the task wants that, and where calibration items are conversations.
  std::optional<Prompter> prompter_for(const EvalTaskSettings& task, const ModelConfig& config,
                                       const LoadedModel& model) const;
  std::optional<Prompter> calibration_prompter(const Experiment& experiment, const LoadedModel& model) const;
  // Adds to what determines a result; throws UserError on what model and data cannot do together.
  void add_task(const EvalTaskSettings& task, const ModelConfig& config, const LoadedModel& model,
                nlohmann::json& determining) const;
  void add_calibration(const Experiment& experiment, const LoadedModel& model, nlohmann::json& determining) const;
  void evaluate(const Cell& cell, const Replicas& quantised, const LoadedModel& model,
                const std::filesystem::path& progress_folder, const std::function<void(const std::string&)>& note,
                RunRecord& record) const;
  int64_t calibration_tokens(const Experiment& experiment, const LoadedModel& model) const;
  // Of one task of a cell, beside its calibration's saved progress.
  ResponseLog response_log(const Cell& cell, size_t task, const std::string& checkpoint_hash,
                           const std::filesystem::path& progress_folder) const;

  Project project_;
  const MethodTable& methods_;
  ModelCache models_;
  const std::string source_version_;  // asked of git once, not per cell
};

}  // namespace freeact
