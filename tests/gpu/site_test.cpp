// A site on the device computes what the simulated site computes on the CPU, for every method of the table.
#include "kernel/cuda/site.h"

#include <ATen/core/grad_mode.h>

#include <string>

#include "gpu/gpu_test.h"
#include "kernel/quantised_tiny_decoder.h"
#include "kernel/random_parts.h"
#include "kernel/same_outputs.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr double kMeanError = 1e-3;  // where a branch's product may move a code now and then

double mean_difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().mean() / b.abs().max()).item<double>();
}

// Runs simulated on the CPU and compares on the way.
class ComparingSite : public Site {
 public:
  ComparingSite(std::shared_ptr<const QuantisedSite> simulated, std::string what, at::Device device)
      : simulated_(std::move(simulated)),
        integer_(cuda_site(simulated_, device)),
        what_(std::move(what)),
        device_(device) {}

  std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override {
    const auto wanted = simulated_->forward(x_BTD, types_BT);
    if (!integer_) {
      ADD_FAILURE() << what_ << " cannot compute with integers";
      return wanted;
    }
    const at::Tensor types = types_BT.defined() ? types_BT.to(device_) : types_BT;
    const auto got = on_cpu(integer_->forward(x_BTD.to(device_), types));
    if (simulated_->parts().branch.empty()) {
      expect_same_outputs(got, wanted, what_);
    } else {
      for (size_t i = 0; i < got.size(); ++i) EXPECT_LT(mean_difference(got[i], wanted[i]), kMeanError) << what_;
    }
    return wanted;
  }

 private:
  std::shared_ptr<const QuantisedSite> simulated_;
  std::shared_ptr<const Site> integer_;
  std::string what_;
  at::Device device_;
};

class SiteOnGpu : public GpuTest {};

TEST_F(SiteOnGpu, EveryMethodComputesWithItsIntegersWhatItSimulates) {
  const Grid four = {4, true}, groups = {4, true, 8}, asymmetric = {4, false}, none = {16, true};
  for (const MethodEntry& entry : method_table()) {
    const bool learns = entry.name == "flatquant" || entry.name == "freeact" || entry.name == "freeact_plus";
    const Json settings = learns ? Json{{"epochs", 2}, {"batch_size", 2}} : Json::object();
    for (const QuantSpec& spec : {QuantSpec{four, four, none, none}, QuantSpec{groups, groups, none, none},
                                  QuantSpec{four, asymmetric, none, none}}) {
      Decoder model = quantised_tiny_decoder(entry.name, settings, spec);
      for (Block& block : model.blocks)
        for (size_t i = 0; i < kNumSites; ++i) {
          const auto site = std::dynamic_pointer_cast<const QuantisedSite>(block.sites[i]);
          ASSERT_TRUE(site) << entry.name << " " << kSiteNames[i];
          block.sites[i] = std::make_shared<ComparingSite>(site, entry.name + " " + kSiteNames[i], gpu_);
        }
      const at::NoGradGuard no_grad;
      model.logits(tiny_batches(1)[0]);
    }
  }
}

std::shared_ptr<const QuantisedSite> random_site(int64_t left, int64_t right, bool with_mean) {
  QuantisedSite::Parts parts;
  parts.transforms = {random_scale(left * right), random_kronecker(left, right)};
  if (with_mean) parts.mean_ND = at::randn({2, left * right});
  for (const int64_t outputs : {40, 72}) {
    const at::Tensor weight = at::randn({outputs, left * right});
    parts.linears.push_back(quantise_linear(weight, at::randn({outputs}), {4, true}));
    parts.linears.back().activation_clip = random_clip(2);
    if (with_mean) parts.mean_bias_NO.push_back(at::matmul(parts.mean_ND, weight.t()));
  }
  return std::make_shared<QuantisedSite>(std::move(parts));
}

TEST_F(SiteOnGpu, OfManyAndFewTokens) {
  for (const bool with_mean : {false, true})
    for (const auto& [left, right] : {std::pair<int64_t, int64_t>{24, 24}, {7, 11}, {64, 64}}) {
      const auto site = random_site(left, right, with_mean);
      const ComparingSite comparing(site, std::to_string(left) + " x " + std::to_string(right), gpu_);
      for (const int64_t tokens : {1, 9, 64, 65, 300})
        comparing.forward(at::randn({2, tokens, left * right}), at::randint(0, 2, {2, tokens}, at::kLong));
    }
}

TEST_F(SiteOnGpu, OutputsHaveTheTypeOfTheInput) {
  const auto site = random_site(24, 24, false);
  const auto integer = cuda_site(site, gpu_);
  const at::Tensor x = at::randn({2, 200, 576}).to(at::kBFloat16), types = at::randint(0, 2, {2, 200}, at::kLong);
  const auto got = integer->forward(x.to(gpu_), types.to(gpu_));
  const auto wanted = site->forward(x.to(at::kFloat), types);
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].scalar_type(), at::kBFloat16);
    EXPECT_LT(difference(got[i].cpu().to(at::kFloat), wanted[i]), 5e-3);
  }
}

TEST_F(SiteOnGpu, ATokenThatIsNanStaysIt) {
  at::Tensor x = at::randn({1, 4, 576});
  x[0][2][7] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor types = at::zeros({1, 4}, at::kLong);
  for (const at::Tensor& y : cuda_site(random_site(24, 24, false), gpu_)->forward(x.to(gpu_), types.to(gpu_)))
    EXPECT_TRUE(at::equal(y.cpu().isnan().all(-1)[0], at::arange(4) == 2));
}

TEST_F(SiteOnGpu, FloatGridsHaveNone) {
  EXPECT_FALSE(cuda_site(nullptr, gpu_));
  QuantisedSite::Parts parts;
  parts.activation_grid = {16, true};
  parts.linears.push_back(quantise_linear(at::randn({4, 8}), {}, {4, true}));
  EXPECT_FALSE(cuda_site(std::make_shared<QuantisedSite>(parts), gpu_));
}

TEST_F(SiteOnGpu, OutputsLieWhereTheInputLies) {
  const auto integer = cuda_site(random_site(24, 24, false), gpu_);
  const at::Tensor x = at::randn({1, 5, 576}), types = at::zeros({1, 5}, at::kLong);
  const auto here = integer->forward(x, types), there = integer->forward(x.to(gpu_), types.to(gpu_));
  for (size_t i = 0; i < here.size(); ++i) {
    EXPECT_TRUE(here[i].is_cpu() && there[i].is_cuda());
    EXPECT_TRUE(at::equal(here[i], there[i].cpu()));
  }
}

// Without a device too.
TEST(CudaObstacle, SaysInOneLineWhatToDo) {
  const std::string obstacle = cuda_obstacle();
  if (obstacle.empty()) return;
  EXPECT_EQ(obstacle.find('\n'), std::string::npos) << obstacle;
  EXPECT_THROW(require_cuda(), EnvironmentError);
}

}  // namespace
}  // namespace freeact
