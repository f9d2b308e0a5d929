#include "run/quantise_run.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iostream>

#include "artefact/saved_folder.h"
#include "config/yaml.h"
#include "model/on_device.h"
#include "run/cell_runner.h"
#include "run/runner.h"
#include "run/saved_model.h"
#include "run/workers.h"
#include "util/progress.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

Cell only_cell(const QuantiseRequest& request, const Project& project) {
  auto cells = plan_experiment(project.experiments(), request.experiment, request.overrides, /*multirun=*/true);
  if (cells.size() > 1) {
    const auto example = std::find_if(cells.begin(), cells.end() - 1,
                                      [](const Cell& cell) { return cell.experiment.method.name != "none"; });
    std::string axes;
    for (const auto& [axis, value] : example->choices) axes += fmt::format(" {}={}", axis, value);
    throw UserError("experiment '{}' has {} cells, but one model is saved: choose a value of each axis, such as{}",
                    request.experiment, cells.size(), axes);
  }
  return std::move(cells.front());
}

void check_quantises(const Cell& cell, const std::string& experiment, const fs::path& checkpoint) {
  if (cell.experiment.stream.is_set())
    throw UserError("experiment '{}' is a stream, which saves no model: choose another one", experiment);
  if (cell.experiment.method.name == "none")
    throw UserError("method 'none' leaves the model in 16 bits: choose one of 'freeact list methods', as method=rtn");
  if (is_saved_model(checkpoint))
    throw UserError("'{}' is quantised already: give the checkpoint it was made of", checkpoint.string());
}

// A quantised model needs no tasks, so that their data need not be there.
Cell without_tasks(Cell cell) {
  cell.experiment.tasks.clear();
  cell.resolved["tasks"] = Json::array();
  return cell;
}

SavedSize calibrate_and_save(const Cell& cell, CellRunner& runner, const SaveTarget& target, bool quiet) {
  const Experiment& e = cell.experiment;
  const fs::path progress_root = target.folder.string() + ".progress";
  const auto model = runner.load(e);
  RunRecord record;
  Progress progress(cell_label(cell), std::ssize(model->decoder.blocks), quiet);
  const auto note = [&](const std::string& text) { progress.advance(text.starts_with("block ") ? 1 : 0, text); };
  const Decoder quantised =
      runner.quantise(cell, *model, progress_root / runner.keys(cell).calibration.substr(0, 16), note, record);
  const Family& family = find_family(e.model.family, CheckpointFolder(target.source).config());
  const auto vision = on_device(model->vision, at::kCPU);
  const SavedSize size = save_model({on_device(quantised, at::kCPU), family.modules, vision.get(), saved_format(e)},
                                    made_by(cell, model->hash, runner.version()), target);
  std::error_code ignored;
  fs::remove_all(progress_root, ignored);
  return size;
}

void print_result(const QuantiseRequest& request, const Cell& cell, const SavedSize& size) {
  const double ratio = static_cast<double>(size.bytes) / static_cast<double>(size.bfloat16_bytes);
  const std::string folder = fs::absolute(request.folder).lexically_normal().string();
  if (request.json)
    std::cout << Json{{"folder", folder},
                      {"bytes", size.bytes},
                      {"ratio_to_bfloat16", ratio},
                      {"method", cell.experiment.method.name},
                      {"bits", cell.experiment.quant.label()},
                      {"seed", cell.experiment.seed}}
                     .dump()
              << std::endl;
  if (!request.quiet)
    fmt::print(stderr,
               "saved {} in {}: {:.3g} MB, {:.3f} of the model in bfloat16; to run it: freeact run {} method=saved "
               "model.path={}\n",
               cell_label(cell), folder, static_cast<double>(size.bytes) / 1e6, ratio, request.experiment, folder);
}

}  // namespace

void quantise_experiment(const QuantiseRequest& request, const Project& project, const MethodTable& methods) {
  CellRunner runner(project, methods);
  Cell cell = only_cell(request, project);
  const SaveTarget target{project.resolve(cell.experiment.model.path), fs::absolute(request.folder).lexically_normal(),
                          request.force};
  check_quantises(cell, request.experiment, target.source);
  check_target(target);
  cell.resolved = runner.validate(cell);
  cell = without_tasks(std::move(cell));
  if (!request.quiet) fmt::print(stderr, "{}\n", to_yaml(cell.resolved));
  SavedSize size;
  // As a cell of a run, with one thread: numbers depend on how many there are.
  run_side_by_side(1, 1, [&](size_t) { size = calibrate_and_save(cell, runner, target, request.quiet); });
  print_result(request, cell, size);
}

}  // namespace freeact
