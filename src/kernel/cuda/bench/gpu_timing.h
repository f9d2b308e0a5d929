// Timing rivals against each other on a CUDA device: each is captured as a graph of several runs, so that the host does
// not count, and all take turns, so that whatever slows the device slows each of them.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <string>
#include <vector>

namespace freeact {

// run(i) queues one piece of work on the current stream; i counts up, for turning over copies of the operands, of which
// there are more than the cache holds.
struct GpuRival {
  std::string name;
  std::function<void(int64_t)> run;
  double operations = 0, bytes = 0;  // that the work needs at least
};

struct GpuMeasurement {
  std::string name;
  std::vector<double> microseconds;  // one a round
  bool graph = false;                // else launched one by one: the host may have been the slower one

  double quantile(double share) const;
};

std::vector<GpuMeasurement> measure_on_gpu(const std::vector<GpuRival>& rivals, int rounds, cudaStream_t stream);

// median(a) / median(b) and the 90% interval of resampled rounds.
struct Ratio {
  double value = 0, low = 0, high = 0;
};
Ratio ratio_of_medians(const GpuMeasurement& a, const GpuMeasurement& b);

}  // namespace freeact
