// A site that computes with its integers is the simulated site: bit for bit, but where groups have scales of their own
// and float sums round.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "kernel/cpu/site.h"
#include "random_parts.h"
#include "same_outputs.h"
#include "util/error.h"
#include "util/instruction_set.h"

namespace freeact {
namespace {

struct Options {
  int64_t left = 8, right = 12;
  Grid activation = {4, true}, weight = {4, true};
  bool mean = false, branch = false, drop_branch = false, bias = true, clip_by_linear = false;
  int64_t num_types = 2;
};

TypeBranch random_branch(int64_t width, int64_t num_types) {
  std::vector<at::Tensor> bases;
  for (int64_t type = 0; type < num_types; ++type)
    bases.push_back(std::get<0>(at::linalg_qr(at::randn({width, 2 + type}))));
  return TypeBranch::orthonormal(bases);
}

std::shared_ptr<const QuantisedSite> random_site(const Options& o) {
  const int64_t width = o.left * o.right;
  QuantisedSite::Parts parts;
  parts.transforms = {random_scale(width), random_kronecker(o.left, o.right)};
  parts.activation_grid = o.activation;
  if (o.mean) parts.mean_ND = at::randn({o.num_types, width});
  if (o.branch) parts.branch = random_branch(width, o.num_types);
  const Clip shared = random_clip(o.num_types);
  for (const int64_t outputs : {5, 33, 64}) {
    const at::Tensor weight = at::randn({outputs, width});
    parts.linears.push_back(
        quantise_linear(weight, o.bias ? at::randn({outputs}) : at::Tensor(), o.weight, WeightClip::fixed(0.9)));
    parts.linears.back().activation_clip = o.clip_by_linear ? random_clip(o.num_types) : shared;
    if (o.mean) parts.mean_bias_NO.push_back(at::matmul(parts.mean_ND, weight.t()));
    if (o.branch && !o.drop_branch) parts.branch.products_RO.push_back(at::matmul(parts.branch.write_RD, weight.t()));
  }
  return std::make_shared<QuantisedSite>(std::move(parts));
}

struct Input {
  at::Tensor x_BTD, types_BT;
};

Input random_input(int64_t batch, int64_t tokens, int64_t width, int64_t num_types) {
  Input input = {at::randn({batch, tokens, width}), at::randint(0, num_types, {batch, tokens}, at::kLong)};
  input.x_BTD.select(2, width / 3).mul_(20);
  return input;
}

void expect_simulated(const Options& options, const std::string& what) {
  at::manual_seed(11);
  const auto site = random_site(options);
  const auto integer = cpu_site(site);
  ASSERT_TRUE(integer) << what;
  for (const auto& [batch, tokens] : {std::pair<int64_t, int64_t>{1, 1}, {3, 11}}) {
    const Input in = random_input(batch, tokens, options.left * options.right, options.num_types);
    const auto wanted = site->forward(in.x_BTD, in.types_BT);
    for (const InstructionSet set : available_instruction_sets()) {
      const ForcedInstructionSet forced(set);
      const auto got = integer->forward(in.x_BTD, in.types_BT);
      expect_same_outputs(got, wanted, what + " on " + name(set));
      if (options.activation.group_size > 0 || options.weight.group_size > 0) continue;
      for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(at::equal(got[i], wanted[i])) << what << ", linear " << i;
    }
  }
}

TEST(CpuSite, IsTheSimulatedSiteOnEveryGrid) {
  for (int bits = 2; bits <= 8; ++bits)
    for (const bool symmetric : {true, false}) {
      const std::string what = std::to_string(bits) + (symmetric ? " bits symmetric" : " bits asymmetric");
      Options options;
      options.activation = {bits, symmetric};
      options.weight = {bits, true};
      expect_simulated(options, "activations and weights, " + what);
      options.weight = {bits, symmetric};
      options.activation = {4, true};
      expect_simulated(options, "weights, " + what);
      options.activation = {bits, symmetric};
      expect_simulated(options, "both, " + what);
    }
}

TEST(CpuSite, IsTheSimulatedSiteWithGroups) {
  for (const bool symmetric : {true, false})
    for (const auto& [of_activation, of_weight] :
         {std::pair<int64_t, int64_t>{0, 32}, {32, 0}, {32, 32}, {48, 32}, {8, 96}, {6, 4}}) {
      Options options;
      options.activation = {4, symmetric, of_activation};
      options.weight = {4, symmetric, of_weight};
      expect_simulated(options, "groups of " + std::to_string(of_activation) + " and " + std::to_string(of_weight));
    }
}

TEST(CpuSite, IsTheSimulatedSiteWithMeansBranchesAndClips) {
  for (int choice = 0; choice < 32; ++choice) {
    Options options;
    options.mean = (choice & 1) != 0;
    options.branch = (choice & 2) != 0;
    options.drop_branch = (choice & 4) != 0;
    options.clip_by_linear = (choice & 8) != 0;
    options.bias = (choice & 16) != 0;
    options.num_types = 3;
    expect_simulated(options, "choice " + std::to_string(choice));
  }
}

TEST(CpuSite, IsTheSimulatedSiteAtOddSizes) {
  for (const auto& [left, right] : {std::pair<int64_t, int64_t>{1, 3}, {3, 5}, {7, 11}, {24, 24}, {13, 43}}) {
    Options options;
    options.left = left;
    options.right = right;
    options.num_types = 1;
    expect_simulated(options, std::to_string(left) + " x " + std::to_string(right));
  }
}

TEST(CpuSite, ThreadsDoNotMatter) {
  at::manual_seed(12);
  const auto integer = cpu_site(random_site({}));
  const Input in = random_input(4, 300, 96, 2);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto wanted = integer->forward(in.x_BTD, in.types_BT);
  at::set_num_threads(2);
  const auto got = integer->forward(in.x_BTD, in.types_BT);
  at::set_num_threads(before);
  for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(at::equal(got[i], wanted[i]));
}

TEST(CpuSite, OutputsHaveTheTypeOfTheInput) {
  at::manual_seed(13);
  const auto integer = cpu_site(random_site({}));
  const Input in = random_input(2, 3, 96, 2);
  const at::Tensor narrow = in.x_BTD.to(at::kBFloat16);
  const auto got = integer->forward(narrow, in.types_BT), wide = integer->forward(narrow.to(at::kFloat), in.types_BT);
  for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(at::equal(got[i], wide[i].to(at::kBFloat16)));
}

TEST(CpuSite, ATokenThatIsNanStaysIt) {
  at::manual_seed(14);
  Input in = random_input(1, 4, 96, 2);
  in.x_BTD[0][2][7] = std::numeric_limits<float>::quiet_NaN();
  for (const at::Tensor& y : cpu_site(random_site({}))->forward(in.x_BTD, in.types_BT))
    EXPECT_TRUE(at::equal(y.isnan().all(-1)[0], at::arange(4) == 2));
}

TEST(CpuSite, FloatGridsHaveNone) {
  EXPECT_FALSE(cpu_site(nullptr));
  for (const Grid& grid : {Grid{16, true}, Grid{9, true}}) {
    Options options;
    options.activation = grid;
    EXPECT_FALSE(cpu_site(random_site(options)));
  }
  Options options;
  options.weight = {16, true};
  EXPECT_FALSE(cpu_site(random_site(options)));
}

TEST(CpuSite, RefusesToLoseAGradient) {
  const Input in = random_input(1, 2, 96, 2);
  const auto integer = cpu_site(random_site({}));
  EXPECT_THROW(integer->forward(in.x_BTD.clone().requires_grad_(), in.types_BT), Defect);
}

}  // namespace
}  // namespace freeact
