#include "run/stream_run.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "calibration/site_maxima.h"
#include "config/yaml.h"
#include "run/backend.h"
#include "run/provenance.h"
#include "util/progress.h"
#include "util/random.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kWindowBatch = 32;
constexpr const char* kRecalibrated = "recalibrated";

bool keeps(const Json& method, const char* key) {
  return method.value(key, "none") != "none";
}

// "language_puzzles", "bible/valid.txt": as short as tells data apart.
std::string data_name(const CalibrationConfig& calibration) {
  const fs::path path = calibration.dataset;
  if (!calibration.is_running_text()) return path.filename().string();
  return (path.parent_path().filename() / path.filename()).string();
}

// A window of `count` sequences each, drawn by the seed from those that calibration sets aside.
std::vector<std::vector<TokenBatch>> make_windows(std::vector<TokenBatch> sequences, int windows, int count,
                                                  const Cell& cell) {
  const auto wanted = static_cast<size_t>(windows) * static_cast<size_t>(count);
  if (sequences.size() < wanted)
    throw UserError(
        "the stream takes {} sequences of '{}', but only {} are left beside those to calibrate on: lower "
        "stream.windows or stream.sequences",
        wanted, cell.experiment.calibration.dataset, sequences.size());
  Random(cell.experiment.seed, "stream " + data_name(cell.experiment.calibration)).shuffle(sequences);
  std::vector<std::vector<TokenBatch>> made;
  for (auto first = sequences.begin(); made.size() < static_cast<size_t>(windows); first += count) {
    std::vector<TokenBatch> window(first, first + count);
    std::stable_sort(window.begin(), window.end(),
                     [](const auto& a, const auto& b) { return a.length() < b.length(); });
    made.push_back(make_batches(window, kWindowBatch));
  }
  return made;
}

// One stream: two calibrations and the windows of both data between them.
class StreamRun {
 public:
  StreamRun(CellRunner& runner, const StreamJob& job, const StreamNote& note)
      : job_(job),
        note_(note),
        model_(runner.load(job.before.experiment)),
        method_(runner.make_method(job.before.experiment)),
        before_(runner.draw(job.before.experiment, *model_)),
        after_(runner.draw(job.after.experiment, *model_)) {
    const StreamConfig& s = job.stream;
    windows_ = make_windows(before_.held_out, s.shift_at, s.sequences, job.before);
    for (auto& window : make_windows(after_.held_out, s.windows - s.shift_at, s.sequences, job.after))
      windows_.push_back(std::move(window));
  }

  std::string checkpoint_hash() const { return model_->hash; }

  std::vector<StreamPoint> points() {
    adapt();
    recalibrate();
    return std::move(points_);
  }

 private:
  using Windows = std::vector<std::vector<BlockBatch>>;
  using BlockVisitor = std::function<void(const CalibratedBlock& block, const std::vector<BlockBatch>& calibration,
                                          const Windows& windows, const DecoderConfig& config)>;

  // Calibrates block by block; every calibrated block is shown with its calibration and window inputs.
  void calibrate(const std::vector<TokenBatch>& sequences, const std::string& what, const BlockVisitor& visit) const {
    DriverJob driver;
    driver.calibration = make_batches(sequences, method_->batch_size());
    Decoder prepared = model_->decoder;
    method_->prepare(prepared, driver.calibration);
    Windows windows;
    for (const auto& window : windows_) windows.push_back(first_block_batches(prepared, window));
    driver.calibrate = [&](const Block& block, const std::vector<BlockBatch>& batches) {
      CalibratedBlock calibrated = method_->calibrate(block, batches, prepared.config);
      visit(calibrated, batches, windows, prepared.config);
      for (auto& window : windows) set_inputs(window, visit_site_inputs(block, window, prepared.config, ignore_inputs));
      return calibrated;
    };
    driver.device = device_of(job_.before.experiment.backend);
    driver.on_block = [&](int64_t block, int64_t blocks) {
      note_(fmt::format("{}, block {} of {}", what, block + 1, blocks));
    };
    calibrate_model(prepared, driver);
  }

  static void ignore_inputs(size_t, const at::Tensor&, const at::Tensor&) {}

  void adapt() {
    const Json& method = job_.before.resolved["method"];
    const StreamSettings settings = {
        .arms = refreshable_arms(method),
        .decay = job_.stream.decay,
        .threshold = job_.stream.threshold,
        .directions = parse_branch_directions(method.value("branch_directions", "energy"))};
    calibrate(before_.calibration, "adapting",
              [&](const auto& block, const auto& calibration, const auto& windows, const auto& config) {
                for (const auto& e : run_stream(block, calibration, windows, config, settings))
                  add_point(settings.arms[e.arm].name, e.window, e.error, e.drift.moment, config);
              });
  }

  void recalibrate() {
    calibrate(after_.calibration, "calibrating anew",
              [&](const auto& block, const auto&, const auto& windows, const auto& config) {
                for (size_t window = 0; window < windows.size(); ++window)
                  for (const auto& error : measure_site_errors(block, windows[window], config))
                    add_point(kRecalibrated, static_cast<int>(window), error, std::nan(""), config);
              });
  }

  void add_point(const std::string& arm, int window, const SiteError& error, double drift,
                 const DecoderConfig& config) {
    const Cell& side = window < job_.stream.shift_at ? job_.before : job_.after;
    points_.push_back({.arm = arm,
                       .window = window,
                       .data = data_name(side.experiment.calibration),
                       .layer = static_cast<int>(error.layer),
                       .site = site_name(error.site),
                       .token_type = config.token_types[static_cast<size_t>(error.token_type)],
                       .relative_error = error.relative_error,
                       .drift = drift,
                       .tokens = error.tokens});
  }

  const StreamJob& job_;
  const StreamNote& note_;
  std::shared_ptr<const LoadedModel> model_;
  std::unique_ptr<Method> method_;
  CalibrationSequences before_, after_;
  std::vector<std::vector<TokenBatch>> windows_;  // [window][batch]
  std::vector<StreamPoint> points_;
};

}  // namespace

std::vector<AdaptiveArm> refreshable_arms(const Json& method) {
  return adaptive_arms(keeps(method, "type_mean"), keeps(method, "branch"));
}

StreamRecord run_stream_job(CellRunner& runner, const StreamJob& job, const StreamNote& note) {
  const Experiment& e = job.before.experiment;
  const Stopwatch watch;
  StreamRecord record;
  record.key = job.key;
  record.experiment = e.name;
  record.model = e.model.name;
  record.method = e.method.name;
  record.bits = e.quant.label();
  record.seed = e.seed;
  record.shift_at = job.stream.shift_at;
  record.resolved_config = to_yaml(job.resolved);
  record.source_version = runner.version();
  record.machine = machine_line(1);
  record.started_at = utc_now();
  StreamRun run(runner, job, note);
  record.checkpoint_hash = run.checkpoint_hash();
  record.points = run.points();
  record.seconds = watch.seconds();
  return record;
}

}  // namespace freeact
