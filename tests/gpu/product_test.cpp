// Every route's product is the exact one.
#include <string>

#include "gpu/gpu_test.h"
#include "kernel/cuda/linear.h"
#include "kernel/cuda/mma_layout.h"
#include "util/error.h"

namespace freeact {
namespace {

class ProductOnGpu : public GpuTest {
 protected:
  CudaRows random_rows(int64_t rows, int64_t width, bool with_zero = false) {
    const at::Tensor codes = at::randint(-8, 8, {rows, width}, at::kInt);
    const int64_t padding = (cuda::kKMultiple - width % cuda::kKMultiple) % cuda::kKMultiple;
    CudaRows x;
    x.width = width;
    x.codes_MP = at::constant_pad_nd(codes, {0, padding}).to(at::kChar).to(gpu_);
    x.scale_M = (at::rand({rows}) + 0.1).to(gpu_);
    x.sum_M = codes.sum(1, false, at::kInt).to(gpu_);
    if (with_zero) x.zero_M = at::randint(-8, 8, {rows}, at::kInt).to(gpu_);
    return x;
  }

  CudaWeight random_weight(int64_t outputs, int64_t width, int64_t most = 7, bool symmetric = true) {
    const at::Tensor codes =
        at::randint(symmetric ? -most - 1 : 0, symmetric ? most + 1 : 2 * most + 2, {outputs, width}, at::kInt);
    const at::Tensor zero = symmetric ? at::Tensor() : at::randint(0, most, {outputs, 1}).to(at::kFloat);
    return cuda_weight(codes.to(symmetric ? at::kChar : at::kByte), at::rand({outputs, 1}) + 0.1, zero, gpu_);
  }

  // In float64 on the CPU, from the codes alone.
  static at::Tensor naive_integers(const CudaRows& x, const CudaWeight& w) {
    return at::matmul(x.codes_MP.cpu().to(at::kDouble), w.codes_OP.cpu().to(at::kDouble).t()).to(at::kInt);
  }

  static at::Tensor naive_linear(const CudaRows& x, const CudaWeight& w, const at::Tensor& bias) {
    const auto values = [](const at::Tensor& codes, int64_t width, const at::Tensor& zero, const at::Tensor& scale) {
      at::Tensor exact = codes.cpu().narrow(1, 0, width).to(at::kDouble);
      if (zero.defined()) exact = exact - zero.cpu().unsqueeze(1);
      return exact * scale.cpu().unsqueeze(1);
    };
    const at::Tensor y = at::matmul(values(x.codes_MP, x.width, x.zero_M, x.scale_M),
                                    values(w.codes_OP, w.width, w.offset_O, w.scale_O).t());
    return bias.defined() ? y + bias.cpu() : y;
  }
};

TEST_F(ProductOnGpu, IntegersOfEveryRouteAreTheNaiveOnes) {
  for (const auto& [rows, outputs, width] : {std::array<int64_t, 3>{1, 1, 1},
                                             {1, 40, 576},
                                             {5, 31, 63},
                                             {8, 33, 64},
                                             {17, 130, 100},
                                             {64, 96, 4096},
                                             {65, 64, 200},
                                             {128, 128, 128},
                                             {129, 257, 1000},
                                             {300, 520, 4096}}) {
    const CudaRows x = random_rows(rows, width);
    const CudaWeight w = random_weight(outputs, width);
    const at::Tensor wanted = naive_integers(x, w);
    const std::string what = std::to_string(rows) + " x " + std::to_string(outputs) + " x " + std::to_string(width);
    EXPECT_TRUE(at::equal(cuda_integer_products_simple(x, w).cpu(), wanted)) << what << ", PyTorch";
    for (const CudaRoute route : {CudaRoute::kNibbles, CudaRoute::kMma, CudaRoute::kEmulatedInt4}) {
      if (route == CudaRoute::kNibbles && rows > 64) continue;
      EXPECT_TRUE(at::equal(cuda_integer_products(route, x, w).cpu(), wanted)) << what << ", " << name(route);
    }
  }
}

TEST_F(ProductOnGpu, NibblesServeEveryNumberOfTokensUpTo64) {
  const CudaWeight w = random_weight(70, 700);
  for (int64_t rows = 1; rows <= 64; ++rows) {
    const CudaRows x = random_rows(rows, 700);
    EXPECT_TRUE(at::equal(cuda_integer_products(CudaRoute::kNibbles, x, w).cpu(), naive_integers(x, w))) << rows;
  }
}

TEST_F(ProductOnGpu, ScaledOutputsOfEveryRouteAgree) {
  const int capability = cuda_capability(gpu_);
  for (const auto& [rows, outputs, width] :
       {std::array<int64_t, 3>{3, 48, 576}, {64, 136, 1000}, {70, 256, 128}, {513, 1024, 1536}, {1000, 520, 4096}})
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
      for (const bool with_bias : {false, true}) {
        const CudaRows x = random_rows(rows, width);
        const CudaWeight w = random_weight(outputs, width);
        const at::Tensor bias = with_bias ? at::randn({outputs}).to(gpu_) : at::Tensor();
        const at::Tensor wanted = naive_linear(x, w, bias);
        for (const CudaRoute route :
             {CudaRoute::kNibbles, CudaRoute::kMma, CudaRoute::kEmulatedInt4, CudaRoute::kWgmma}) {
          if (route == CudaRoute::kNibbles && rows > 64) continue;
          if (route == CudaRoute::kWgmma && capability != 90) continue;
          at::Tensor y = at::empty({rows, outputs}, at::TensorOptions(gpu_).dtype(type));
          cuda_linear_by(route, x, w, bias, y);
          const double error = ((y.cpu().to(at::kDouble) - wanted).abs().max() / wanted.abs().max()).item<double>();
          EXPECT_LT(error, type == at::kFloat ? 1e-6 : 5e-3) << name(route) << " " << rows << " x " << outputs;
        }
      }
}

TEST_F(ProductOnGpu, ZeroPointsAreCorrectedExactly) {
  for (const int64_t most : {7, 127})
    for (const int64_t rows : {5, 90}) {
      const CudaRows x = random_rows(rows, 300, /*with_zero=*/true);
      const CudaWeight w = random_weight(77, 300, most, /*symmetric=*/false);
      at::Tensor y = at::empty({rows, 77}, at::TensorOptions(gpu_).dtype(at::kFloat));
      cuda_linear(x, w, {}, y);
      const at::Tensor wanted = naive_linear(x, w, {});
      EXPECT_LT(((y.cpu() - wanted).abs().max() / wanted.abs().max()).item<double>(), 1e-6);
      cuda_linear(x, w, {}, y, /*add=*/true);
      EXPECT_LT(((y.cpu() - 2 * wanted).abs().max() / wanted.abs().max()).item<double>(), 1e-5);
    }
}

TEST_F(ProductOnGpu, RefusesWhatARouteDoesNotServe) {
  const CudaRows x = random_rows(65, 64);
  const CudaWeight w = random_weight(64, 64, 127);
  at::Tensor y = at::empty({65, 64}, at::TensorOptions(gpu_).dtype(at::kFloat));
  EXPECT_THROW(cuda_linear_by(CudaRoute::kNibbles, x, random_weight(64, 64), {}, y), UserError);
  EXPECT_THROW(cuda_linear_by(CudaRoute::kEmulatedInt4, x, w, {}, y), UserError);
}

}  // namespace
}  // namespace freeact
