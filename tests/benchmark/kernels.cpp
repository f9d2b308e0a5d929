// The kernels of `freeact bench --filter cpu` under Google Benchmark: repetitions in random order by default, so that
// drift meets all of them alike. Weights are hot; cold weights, goals and exactness are the business of `freeact
// bench`.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "bench/cpu_linears.h"
#include "bench/cpu_random_sites.h"
#include "kernel/cpu/transform_quantise.h"
#include "kernel/cpu/vnni_peak.h"
#include "ops/ops.h"

namespace freeact {
namespace {

constexpr uint64_t kSeed = 1;

at::Tensor random_float(at::IntArrayRef shape, uint64_t seed) {
  return gaussian(shape, seed).to(at::kFloat);
}

// Ready at the first use, so that a filter prepares only what it runs.
class LinearBenchmark {
 public:
  LinearBenchmark(const LinearKind& kind, int64_t tokens, int64_t width)
      : kind_(kind), tokens_(tokens), width_(width) {}

  void operator()(benchmark::State& state) {
    if (!bound_)
      bound_ = kind_.bind(random_float({width_, width_}, kSeed) / std::sqrt(static_cast<double>(width_)),
                          random_float({tokens_, width_}, kSeed + 1));
    for (auto _ : state) benchmark::DoNotOptimize(bound_());
    const double operations = 2.0 * static_cast<double>(tokens_ * width_ * width_);
    state.counters["operations"] = benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
  }

 private:
  const LinearKind& kind_;
  int64_t tokens_, width_;
  BoundLinear bound_;
};

void register_linear(const LinearKind& kind) {
  if (!kind.is_available()) return;
  for (const int64_t width : {2048, 4096})
    for (const int64_t tokens : {512, 32, 1}) {
      const auto one = std::make_shared<LinearBenchmark>(kind, tokens, width);
      const std::string name = "linear_" + std::to_string(width) + "_m" + std::to_string(tokens) + "/" + kind.name;
      benchmark::RegisterBenchmark(name.c_str(), [one](benchmark::State& state) { (*one)(state); });
    }
}

void transform_quantise(benchmark::State& state) {
  constexpr int64_t kTokens = 512;
  const int64_t width = state.range(0);
  const TransformQuantise quantise(make_chain(random_factors(width, kSeed), published_slices(width, 2)), {4, true},
                                   width, width);
  const at::Tensor x_MK = random_float({kTokens, width}, kSeed), types_M = at::arange(kTokens, at::kLong) % 2;
  for (auto _ : state) benchmark::DoNotOptimize(quantise(x_MK, types_M, {Clip{}}));
  state.SetItemsProcessed(state.iterations() * kTokens);
}

void vnni_peak(benchmark::State& state) {
  double best = 0;
  for (auto _ : state) best = vnni_peak_operations_per_second();
  state.counters["operations_per_s"] = best;
}

void register_all() {
  for (const LinearKind& kind : torch_linears()) register_linear(kind);
  register_linear(w4a4_linear());
  benchmark::RegisterBenchmark("transform_quantise", transform_quantise)->Arg(2048)->Arg(4096);
  benchmark::RegisterBenchmark("vnni_peak", vnni_peak);
}

}  // namespace
}  // namespace freeact

int main(int argc, char** argv) {
  // Before the user's, which come later and win.
  std::vector<std::string> arguments = {argv[0], "--benchmark_enable_random_interleaving=true",
                                        "--benchmark_repetitions=9", "--benchmark_report_aggregates_only=true"};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;
  at::set_num_threads(1);
  freeact::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
