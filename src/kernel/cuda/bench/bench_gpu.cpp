// bench_gpu [FILTER [ROUNDS]]: W4A4 linears in the shapes of published models against PyTorch on a CUDA device, one
// JSON line a rival on stdout. Random weights and data: it tells about speed only; that the products are right is
// checked before. Letters: M tokens, K input width, O outputs.
#include <ATen/ATen.h>
#include <c10/cuda/CUDAStream.h>
#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <regex>

#include "kernel/cuda/bench/gpu_timing.h"
#include "kernel/cuda/call.h"
#include "kernel/cuda/kernels.h"
#include "kernel/cuda/linear.h"

namespace freeact {
namespace {

struct Shape {
  const char* name;
  int64_t left, right, outputs;  // K = left * right
  int64_t width() const { return left * right; }
};

constexpr Shape kShapes[] = {
    {"llada.qkv", 64, 64, 12288},  {"llada.o", 64, 64, 4096},          {"llada.gate_up", 64, 64, 24576},
    {"llada.down", 96, 128, 4096}, {"qwen2.5.gate_up", 56, 64, 37888}, {"qwen2.5.down", 128, 148, 3584},
};
constexpr int64_t kTokens[] = {1, 16, 32, 64, 128, 512, 2048, 4096, 8192};
constexpr int64_t kCold_bytes = int64_t{150} << 20;  // more than any cache holds
constexpr double kMostError = 2e-2;                  // of the largest output, in bfloat16

// The operands of one copy.
struct Operands {
  at::Tensor x_MK, weight_OK, y_MO;  // bfloat16
  CudaWeight weight;
  CudaRows rows;
  at::Tensor x_pairs, w_pairs;
};

struct Bench {
  Shape shape;
  int64_t tokens;
  at::Device device;
  at::Tensor left, right;  // bfloat16 factors for PyTorch's chain
  std::shared_ptr<CudaTransformQuantise> quantise;
  std::vector<Operands> copies;

  const Operands& at(int64_t i) const { return copies[static_cast<size_t>(i) % copies.size()]; }
};

CudaRows quantised(const Bench& bench, const at::Tensor& x_MK) {
  return (*bench.quantise)(x_MK, {}, {Clip()}).front().front();
}

Operands random_operands(const Bench& bench) {
  const at::TensorOptions half = at::TensorOptions(bench.device).dtype(at::kBFloat16);
  const int64_t width = bench.shape.width(), outputs = bench.shape.outputs;
  Operands o;
  o.x_MK = at::randn({bench.tokens, width}, half);
  o.weight_OK = at::randn({outputs, width}, half) / std::sqrt(static_cast<double>(width));
  o.y_MO = at::empty({bench.tokens, outputs}, half);
  const at::Tensor wide = o.weight_OK.to(at::kFloat), scale = wide.abs().amax(1, true) / 7;
  o.weight = cuda_weight(at::round(wide / scale).clamp(-8, 7).to(at::kChar), scale, {}, bench.device);
  o.rows = quantised(bench, o.x_MK);
  o.x_pairs = pack_pairs(o.rows.codes_MP);
  o.w_pairs = pack_pairs(o.weight.codes_OP);
  return o;
}

Bench make_bench(const Shape& shape, int64_t tokens, at::Device device) {
  at::manual_seed(1);
  const auto factor = [](int64_t size) { return at::randn({size, size}) / std::sqrt(static_cast<double>(size)); };
  KroneckerTransform::Factors factors;
  factors.left = factors.left_inverse_t = factor(shape.left);
  factors.right = factors.right_inverse_t = factor(shape.right);
  Bench bench = {shape, tokens, device, factors.left.to(device, at::kBFloat16), factors.right.to(device, at::kBFloat16),
                 {},    {}};
  bench.quantise =
      std::make_shared<CudaTransformQuantise>(TransformChain{std::make_shared<KroneckerTransform>(factors)},
                                              Grid{4, true}, shape.width(), shape.width(), device);
  const int64_t bytes = shape.outputs * shape.width() / 2;
  for (int64_t i = 0; i < std::max<int64_t>(2, kCold_bytes / bytes + 1); ++i)
    bench.copies.push_back(random_operands(bench));
  return bench;
}

// ---- rivals

void int_mm_linear(const Operands& o) {
  const at::Tensor sums = at::_int_mm(o.rows.codes_MP, o.weight.codes_OP.t());
  at::Tensor y = o.y_MO;
  y.copy_(sums.to(at::kFloat) * o.rows.scale_M.unsqueeze(1) * o.weight.scale_O);
}

// FlatQuant's chain of operations: both products, range, codes.
void torch_quantise(const Bench& bench, const Operands& o) {
  const at::Tensor grid = o.x_MK.view({-1, bench.shape.left, bench.shape.right});
  const at::Tensor z = at::matmul(bench.left.t(), at::matmul(grid, bench.right)).view_as(o.x_MK);
  const at::Tensor scale = z.abs().amax(1, true).clamp_min(1e-5) / 7;
  at::round(z / scale).clamp_(-8, 7).to(at::kChar);
}

void emulated_int4(const Operands& o) {
  const cuda::Product product = {o.x_pairs.const_data_ptr<int8_t>(), o.w_pairs.const_data_ptr<int8_t>(),
                                 static_cast<int>(o.x_pairs.size(0)), static_cast<int>(o.w_pairs.size(0)),
                                 o.x_pairs.size(1)};
  cuda::Scaling scaling;
  scaling.scale_m = o.rows.scale_M.const_data_ptr<float>();
  scaling.scale_o = o.weight.scale_O.const_data_ptr<float>();
  cuda::check(cuda::int4_product(product, scaling, {o.y_MO.mutable_data_ptr(), cuda::OutputKind::kBfloat16},
                                 cuda::current_stream(o.y_MO.device())),
              "the emulated product");
}

void product(const Operands& o, CudaRoute route) {
  at::Tensor y = o.y_MO;
  cuda_linear_by(route, o.rows, o.weight, {}, y);
}

bool serves(CudaRoute route, const Bench& bench) {
  if (route == CudaRoute::kNibbles) return bench.tokens <= cuda::kMostNibbleRows;
  if (route == CudaRoute::kWgmma) return cuda::wgmma_product_built() && cuda_capability(bench.device) == 90;
  return true;
}

std::vector<GpuRival> rivals_of(const Bench& b) {
  const auto m = static_cast<double>(b.tokens), k = static_cast<double>(b.shape.width()),
             o = static_cast<double>(b.shape.outputs);
  const double operations = 2 * m * k * o, kronecker = 2 * m * k * static_cast<double>(b.shape.left + b.shape.right);
  std::vector<GpuRival> rivals;
  rivals.push_back({"torch_bfloat16",
                    [&b](int64_t i) {
                      at::Tensor y = b.at(i).y_MO;
                      at::mm_out(y, b.at(i).x_MK, b.at(i).weight_OK.t());
                    },
                    operations, 2 * (m * k + k * o + m * o)});
  if (b.tokens > 16) rivals.push_back({"torch_int_mm", [&b](int64_t i) { int_mm_linear(b.at(i)); }, operations, k * o});
  for (const CudaRoute route : {CudaRoute::kNibbles, CudaRoute::kWgmma, CudaRoute::kMma}) {
    if (!serves(route, b)) continue;
    const double weight_bytes = route == CudaRoute::kNibbles ? k * o / 2 : k * o;
    rivals.push_back({"product_" + name(route), [&b, route](int64_t i) { product(b.at(i), route); }, operations,
                      m * k + weight_bytes + 2 * m * o});
  }
  rivals.push_back({"product_emulated_int4", [&b](int64_t i) { emulated_int4(b.at(i)); }, operations, k * o / 2});
  rivals.push_back({"transform_quantise", [&b](int64_t i) { quantised(b, b.at(i).x_MK); }, kronecker, 3 * m * k});
  rivals.push_back({"torch_transform_quantise", [&b](int64_t i) { torch_quantise(b, b.at(i)); }, kronecker, 3 * m * k});
  rivals.push_back({"w4a4_linear",
                    [&b](int64_t i) {
                      at::Tensor y = b.at(i).y_MO;
                      cuda_linear(quantised(b, b.at(i).x_MK), b.at(i).weight, {}, y);
                    },
                    operations, 0});
  // As many bytes as the quantiser moves: half of them read, half written.
  const auto bytes = static_cast<int64_t>(1.5 * m * k);
  const at::Tensor from = at::randint(0, 100, {bytes}, at::TensorOptions(b.device).dtype(at::kByte)),
                   to = at::empty_like(from);
  rivals.push_back({"copy", [from, to](int64_t) { to.copy_(from); }, 0, 3 * m * k});
  return rivals;
}

// Throws a Defect when a product is wrong: a wrong one is fast for nothing.
void check_products(const Bench& b) {
  const Operands& o = b.copies.front();
  const int64_t some = std::min<int64_t>(b.tokens, 32);
  const at::Tensor exact =
      at::matmul(o.rows.codes_MP.narrow(0, 0, some).to(at::kDouble), o.weight.codes_OP.to(at::kDouble).t()) *
      o.rows.scale_M.narrow(0, 0, some).unsqueeze(1) * o.weight.scale_O;
  const auto expect = [&](const std::string& what) {
    const at::Tensor y = o.y_MO.narrow(0, 0, some).to(at::kDouble);
    const double error = ((y - exact).abs().max() / exact.abs().max()).item<double>();
    FREEACT_CHECK(error < kMostError, "{} of {} at {} tokens is wrong by {}", what, b.shape.name, b.tokens, error);
    o.y_MO.zero_();
  };
  for (const CudaRoute route : {CudaRoute::kNibbles, CudaRoute::kWgmma, CudaRoute::kMma, CudaRoute::kEmulatedInt4}) {
    if (!serves(route, b)) continue;
    product(o, route);
    expect(name(route));
  }
  emulated_int4(o);
  expect("the packed int4 product");
}

void print(const Bench& b, const std::vector<GpuRival>& rivals, const std::vector<GpuMeasurement>& measured) {
  for (size_t i = 0; i < rivals.size(); ++i) {
    const double median = measured[i].quantile(0.5);
    const Ratio ratio = ratio_of_medians(measured.front(), measured[i]);
    fmt::print(
        R"({{"shape":"{}","tokens":{},"rival":"{}","us":{:.3f},"p10":{:.3f},"p90":{:.3f},"rounds":{},"graph":{},)"
        R"("tops":{:.1f},"gb_s":{:.1f},"speedup":{:.3f},"speedup_low":{:.3f},"speedup_high":{:.3f}}})"
        "\n",
        b.shape.name, b.tokens, rivals[i].name, median, measured[i].quantile(0.1), measured[i].quantile(0.9),
        measured[i].microseconds.size(), measured[i].graph, rivals[i].operations / median / 1e6,
        rivals[i].bytes / median / 1e3, ratio.value, ratio.low, ratio.high);
  }
  std::cout.flush();
}

int run(int argc, char** argv) {
  require_cuda();
  const at::Device device(at::kCUDA, 0);
  const std::regex filter(argc > 1 ? argv[1] : "");
  const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 30;
  const CudaDevice info = cuda_device(device);
  fmt::print(stderr, "bench_gpu: {}, {} multiprocessors, {} rounds\n", info.name, info.limits.multiprocessors, rounds);
  const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index());
  c10::cuda::setCurrentCUDAStream(stream);
  for (const Shape& shape : kShapes)
    for (const int64_t tokens : kTokens) {
      if (!std::regex_search(fmt::format("{}/{}", shape.name, tokens), filter)) continue;
      const Bench bench = make_bench(shape, tokens, device);
      check_products(bench);
      const auto rivals = rivals_of(bench);
      print(bench, rivals, measure_on_gpu(rivals, rounds, stream.stream()));
    }
  return 0;
}

}  // namespace
}  // namespace freeact

int main(int argc, char** argv) {
  try {
    return freeact::run(argc, argv);
  } catch (const freeact::Error& error) {
    fmt::print(stderr, "bench_gpu: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_gpu: {}\n", error.what());
    return static_cast<int>(freeact::ExitCode::kDefect);
  }
}
