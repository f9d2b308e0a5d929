// database FILE: a small result database with something for every table and figure of a report, and with names that
// a careless writer of HTML, LaTeX or CSV would stumble over.
#include <cmath>
#include <string>
#include <vector>

#include "report/heat_map.h"
#include "report/plausible_runs.h"
#include "store/store.h"

namespace freeact {
namespace {

constexpr const char* kOddTask = "odd, \"task\" & <b>50%_x^2 ~\\ [1]*\né✓";
constexpr const char* kSites[] = {"attention.qkv", "mlp.down"};

std::string picture(int shade) {
  std::vector<uint8_t> codes(static_cast<size_t>(32 * 24));
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = static_cast<uint8_t>((i % 32) * 7 + static_cast<size_t>(shade) * 60);
  return colour_png(codes, 24, 32);
}

void add_odd_task(RunRecord& run) {
  run.metrics.push_back({kOddTask, 1, "exact_match", "", 100.0 / 3.0, 0.1, 12, true, "%"});
  run.metrics.push_back({kOddTask, 1, "nll", "part=\"a, b\"", 1e-17 / 3, std::nan(""), 12, false, "nats"});
}

void add_gallery(RunRecord& run) {
  for (int64_t i = 0; i < 3; ++i) {
    const std::string hash = "h" + std::to_string(i);
    run.samples.push_back({"shapes", i, hash, i == 0 ? "<b>a red\nsquare</b>" : "blue", i == 0 ? 1.0 : 0.0,
                           SampleDetails{"Which colour & shape? <answer>", "a <b>red", "{}", 41, 40, 0.1}});
    run.gallery.push_back({"shapes", i, hash, "Which colour & shape?", "a red square", picture(static_cast<int>(i))});
  }
  run.metrics.push_back({"shapes", 1, "exact_match", "", 33.3, 27.2, 3, true, "%"});
}

// Words in no order, then ends of sequence; more of them than fit on a line.
void add_unmasking(RunRecord& run) {
  UnmaskedAnswer answer = {"shapes", 0, {{"Given: ", -1}}};
  for (int64_t i = 0; i < 40; ++i)
    answer.tokens.push_back({i < 24 ? "<b>word" + std::to_string(i) + "\n " : "<|endoftext|>", i * 7 % 40});
  run.unmaskings = {answer};
}

void add_token_analysis(RunRecord& run) {
  for (int layer = 0; layer < 4; ++layer)
    for (const char* site : kSites) {
      const double depth = 0.2 * layer;
      run.row_spaces.push_back(
          {layer, site, "visible", "mask", 128, 40, 12, 3, 0.3 + depth / 2, 40, 6, 0.2, 0.01, 0.02});
      run.row_spaces.push_back(
          {layer, site, "mask", "visible", 128, 12, 40, 3, 0.4 + depth / 2, 50, 6, 0.1, 0.02, 0.03});
      run.solution_spaces.push_back({layer, site, "mask", 512, 128, 40, 90, 6, 1e-4, 2e-4, 3e-4});
    }
}

void add_surfaces(RunRecord& run) {
  std::string codes;
  for (int i = 0; i < 16 * 24; ++i) codes += static_cast<char>(i % 24 * 10);
  for (const char* type : {"visible", "mask"})
    run.surfaces.push_back({2, "mlp.down", type, 512, 384, 16, 24, 7.5, codes});
}

// One site whose error is zero but for rounding, as exact transforms leave it.
void add_training(RunRecord& run) {
  for (auto& error : run.layer_errors) {
    if (error.layer == 0 && error.token_type == "mask" && run.method == "freeact_plus") error.relative_error = 1e-15;
    error.truncation = error.relative_error / 4;
    error.activation_only = error.relative_error / 2;
  }
  for (int layer = 0; layer < 8; ++layer)
    run.block_trainings.push_back(
        {.layer = layer,
         .precision = "float32",
         .epochs = 5,
         .rescues = layer == 7 ? 1 : 0,
         .stopped_early = layer == 7,
         .loss_start = 0.02 * (layer + 1),
         .loss_end = 0.005 * (layer + 1),
         .epoch_losses = {0.02, 0.01},
         .sites = {{"mlp.down", 0.2, 0.1, 10.0 + layer, 0}},
         .warnings = layer == 7 ? std::vector<std::string>{"the loss is nan"} : std::vector<std::string>{}});
}

int64_t size_of(const RunRecord& run) {
  if (run.method == "none") return 16'060'522'496;
  return run.bits == "W4A4" ? 5'070'000'000 : 4'200'000'000;
}

std::vector<RunRecord> runs() {
  std::vector<RunRecord> all = plausible_runs();
  std::erase_if(all, [](const RunRecord& run) {
    return run.bits == "W3A3" && run.method != "flatquant" && run.method != "freeact";
  });
  for (const char* arm : {"keep_means", "keep_directions", "gptq", "drop", "everything_together"})
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      RunRecord run = plausible_run({"freeact_plus", 0.95, 0.04, 0.012, false}, "W4A4", seed, 0.1);
      run.key += arm;
      run.arm = arm;
      run.resolved_config += std::string("  kind: ") + arm + "\n";
      all.push_back(run);
    }
  for (auto& run : all) {
    run.model_bytes = size_of(run);
    add_odd_task(run);
    add_gallery(run);
    if (run.bits == "W4A4") add_surfaces(run);
    if (run.bits == "W4A4") add_unmasking(run);
    if (run.method == "none") add_token_analysis(run);
    if (run.method == "flatquant" || run.method.starts_with("freeact")) add_training(run);
  }
  return all;
}

StreamRecord stream(uint64_t seed) {
  StreamRecord record{.key = "stream" + std::to_string(seed),
                      .experiment = "stream/tiny",
                      .model = "tiny_dllm",
                      .method = "freeact_plus",
                      .bits = "W4A4",
                      .seed = seed,
                      .shift_at = 4,
                      .resolved_config = "method:\n  name: freeact_plus\nseed: " + std::to_string(seed) + "\n",
                      .source_version = "0.1.0",
                      .checkpoint_hash = "c",
                      .machine = "a machine",
                      .started_at = "2025-06-01T10:00:00Z",
                      .seconds = 1,
                      .points = {}};
  for (const char* arm : {"frozen", "means", "recalibrated"})
    for (int window = 0; window < 8; ++window)
      for (const char* type : {"visible", "mask"})
        record.points.push_back({.arm = arm,
                                 .window = window,
                                 .data = window < 4 ? "puzzles" : "bible/valid.txt",
                                 .layer = 0,
                                 .site = "mlp.down",
                                 .token_type = type,
                                 .relative_error = window < 4 ? 0.02 : 0.05 + 0.001 * static_cast<double>(seed),
                                 .drift = 0.1 * window,
                                 .tokens = 10});
  return record;
}

TrainingCurve training() {
  TrainingCurve curve{.name = "tiny_dllm",
                      .recipe_hash = "0123456789abcdef",
                      .steps = 100,
                      .machine = "a machine",
                      .source_version = "0.1.0",
                      .points = {}};
  for (int64_t step = 10; step <= 100; step += 10)
    curve.points.push_back({.step = step,
                            .seconds = static_cast<double>(step),
                            .tokens = 1000 * step,
                            .losses = {{"sort", 30.0 / static_cast<double>(step)}, {"text", 3}},
                            .metrics = {{"exact_match sort", static_cast<double>(step)}}});
  return curve;
}

LatencyRow latency(const std::string& name, double median_s) {
  LatencyRow row;
  row.name = "cpu/C1/linear/" + name;
  row.baseline = "cpu/C1/linear/float32";
  row.backend = "cpu int4";
  row.unit = "call";
  row.clock = "thread CPU";
  row.median_s = median_s;
  row.ratio = 0.1 / median_s;
  row.ratio_low = 0.09 / median_s;
  row.ratio_high = 0.11 / median_s;
  row.count = 20;
  return row;
}

LatencyRow decoding(const std::string& cache, double median_s, double accuracy) {
  LatencyRow row = latency(cache, median_s);
  row.name = "decode/tiny_dllm/sort/" + cache;
  row.baseline = "decode/tiny_dllm/sort/none";
  row.accuracy = accuracy;
  row.accuracy_kind = "exact match";
  row.peak_memory_mib = 100 * median_s;
  return row;
}

void write_database(const std::string& path) {
  auto store = Store::open_for_writing(path);
  for (const auto& run : runs()) store.add(run);
  for (uint64_t seed = 1; seed <= 3; ++seed) store.add_stream(stream(seed));
  store.add_training(training());
  store.add_latencies({latency("float32", 0.1), latency("w4a4", 0.02), decoding("none", 0.3, 90),
                       decoding("prefix", 0.2, 88), decoding("dual", 0.25, 70)});
}

}  // namespace
}  // namespace freeact

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  freeact::write_database(argv[1]);
  return 0;
}
