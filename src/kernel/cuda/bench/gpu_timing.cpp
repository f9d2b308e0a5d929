#include "kernel/cuda/bench/gpu_timing.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include "kernel/cuda/call.h"

namespace freeact {
namespace {

constexpr double kSample_us = 400;  // a sample's length, at least
constexpr int64_t kMostRuns = 64;
constexpr int kResamples = 1000;

double quantile_of(std::vector<double> values, double share) {
  FREEACT_CHECK(!values.empty(), "a quantile of nothing");
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

class Timer {
 public:
  explicit Timer(cudaStream_t stream) : stream_(stream) {
    cuda::check(cudaEventCreate(&begin_), "making an event");
    cuda::check(cudaEventCreate(&end_), "making an event");
  }
  ~Timer() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  double microseconds(const std::function<void()>& work) const {
    cuda::check(cudaEventRecord(begin_, stream_), "timing");
    work();
    cuda::check(cudaEventRecord(end_, stream_), "timing");
    cuda::check(cudaEventSynchronize(end_), "timing");
    float milliseconds = 0;
    cuda::check(cudaEventElapsedTime(&milliseconds, begin_, end_), "timing");
    return 1e3 * static_cast<double>(milliseconds);
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

// A rival's runs of one sample, ready to be repeated.
class Sample {
 public:
  Sample(const GpuRival& rival, const Timer& timer, cudaStream_t stream) : rival_(rival), stream_(stream) {
    for (int64_t i = 0; i < 3; ++i) rival_.run(i);  // workspaces are made at first use
    cuda::check(cudaStreamSynchronize(stream_), "warming up");
    const double once_us = timer.microseconds([&] { rival_.run(0); });
    runs_ = std::clamp<int64_t>(static_cast<int64_t>(std::ceil(kSample_us / std::max(once_us, 1.0))), 1, kMostRuns);
    capture();
  }
  ~Sample() {
    if (graph_) cudaGraphExecDestroy(graph_);
  }
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;

  void launch() const {
    if (graph_)
      cuda::check(cudaGraphLaunch(graph_, stream_), "a graph");
    else
      run_all();
  }
  int64_t runs() const { return runs_; }
  bool is_graph() const { return graph_ != nullptr; }

 private:
  void run_all() const {
    for (int64_t i = 0; i < runs_; ++i) rival_.run(i);
  }

  void capture() {
    cudaGraph_t graph = nullptr;
    if (cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed) != cudaSuccess) return;
    run_all();
    const bool captured = cudaStreamEndCapture(stream_, &graph) == cudaSuccess && graph;
    if (captured && cudaGraphInstantiate(&graph_, graph, 0) != cudaSuccess) graph_ = nullptr;
    if (graph) cudaGraphDestroy(graph);
    (void)cudaGetLastError();
  }

  GpuRival rival_;
  cudaStream_t stream_;
  int64_t runs_ = 1;
  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace

double GpuMeasurement::quantile(double share) const {
  return quantile_of(microseconds, share);
}

std::vector<GpuMeasurement> measure_on_gpu(const std::vector<GpuRival>& rivals, int rounds, cudaStream_t stream) {
  const Timer timer(stream);
  std::vector<std::unique_ptr<Sample>> samples;
  std::vector<GpuMeasurement> measured;
  for (const GpuRival& rival : rivals) {
    samples.push_back(std::make_unique<Sample>(rival, timer, stream));
    measured.push_back({rival.name, {}, samples.back()->is_graph()});
  }
  for (int round = -1; round < rounds; ++round)  // the first one warms up
    for (size_t turn = 0; turn < rivals.size(); ++turn) {
      const size_t i = (turn + static_cast<size_t>(round + 1)) % rivals.size();
      const double sample_us = timer.microseconds([&] { samples[i]->launch(); });
      if (round >= 0) measured[i].microseconds.push_back(sample_us / static_cast<double>(samples[i]->runs()));
    }
  return measured;
}

Ratio ratio_of_medians(const GpuMeasurement& a, const GpuMeasurement& b) {
  std::mt19937 generator(1);
  const size_t rounds = a.microseconds.size();
  std::uniform_int_distribution<size_t> any(0, rounds - 1);
  std::vector<double> ratios;
  for (int i = 0; i < kResamples; ++i) {
    std::vector<double> of_a, of_b;
    for (size_t j = 0; j < rounds; ++j) {  // rounds stay pairs
      const size_t round = any(generator);
      of_a.push_back(a.microseconds[round]);
      of_b.push_back(b.microseconds[round]);
    }
    ratios.push_back(quantile_of(of_a, 0.5) / quantile_of(of_b, 0.5));
  }
  return {a.quantile(0.5) / b.quantile(0.5), quantile_of(ratios, 0.05), quantile_of(ratios, 0.95)};
}

}  // namespace freeact
