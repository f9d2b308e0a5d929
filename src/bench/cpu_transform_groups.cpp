#include <ATen/ATen.h>

#include "bench/cpu_ceilings.h"
#include "bench/cpu_checks.h"
#include "bench/cpu_groups.h"
#include "bench/cpu_linears.h"
#include "bench/cpu_random_sites.h"
#include "kernel/cpu/packed_weight.h"
#include "kernel/cpu/transform_quantise.h"
#include "ops/ops.h"
#include "util/instruction_set.h"
#include "util/random.h"

namespace freeact {
namespace {

constexpr int64_t kTokens = 512;
const Grid kGrid = {4, true};

// Letters: M tokens, K width.
struct TransformBench {
  int64_t width;
  KroneckerFactors factors;
  at::Tensor keep_NK;  // FreeAct's slices, of two types of token
  TransformChain chain;
  at::Tensor x_MK, types_M;
  TransformQuantise quantise;
  PackedWeight weight;  // [K, K]

  QuantisedRows rows() const { return quantise(x_MK, types_M, {Clip{}}).at(0).at(0); }
  at::Tensor transformed() const { return apply_activation(chain, x_MK.unsqueeze(0), types_M.unsqueeze(0)).squeeze(0); }
};

PackedWeight random_packed_weight(int64_t width, uint64_t seed) {
  const at::Tensor weight_OK = gaussian({width, width}, derive_seed(seed, "weight")).to(at::kFloat);
  const Scale scale = weight_scale(weight_OK, kGrid);
  return pack_weight(quantise_weight(weight_OK, scale, kGrid).to(at::kChar), scale.scale, {}, kGrid.bits);
}

std::shared_ptr<const TransformBench> make_bench(int64_t width, uint64_t seed) {
  const KroneckerFactors factors = random_factors(width, seed);
  const at::Tensor keep_NK = published_slices(width, 2);
  const TransformChain chain = make_chain(factors, keep_NK);
  return std::make_shared<TransformBench>(TransformBench{
      width, factors, keep_NK, chain, gaussian({kTokens, width}, derive_seed(seed, "activation")).to(at::kFloat),
      at::arange(kTokens, at::kLong) % 2, TransformQuantise(chain, kGrid, width, width),
      random_packed_weight(width, seed)});
}

// The same out of torch's operators, as the published Python code does it: two products, the slices, and a chain of
// elementwise operators on the grid.
at::Tensor by_torch(const TransformBench& b) {
  const int64_t left = b.factors.left.size(0), right = b.factors.right.size(0);
  const at::Tensor x_MLR = b.x_MK.view({-1, left, right});
  const at::Tensor z_MK = at::matmul(b.factors.left.t(), at::matmul(x_MLR, b.factors.right)).view({-1, b.width});
  return fake_quantise_activation_naive(z_MK * at::embedding(b.keep_NK, b.types_M), kGrid);
}

Contender make_contender(const char* name, const char* backend, std::function<void()> run, bool ours) {
  Contender contender{name, std::move(run), [] { return Evidence{}; }, {}, backend};
  if (ours) contender.instruction_set = freeact::name(instruction_set());
  return contender;
}

std::vector<Contender> all_contenders(const std::shared_ptr<const TransformBench>& b) {
  const auto product = [b, rows = b->rows()] {
    at::Tensor y_MO = at::empty({rows.rows(), b->weight.outputs}, at::kFloat);
    integer_linear(rows, b->weight, {}, y_MO);
  };
  return {make_contender("integer_linear", "cpu int4", product, true),
          make_contender(
              "transform_quantise", "cpu int4", [b] { b->rows(); }, true),
          make_contender(
              "simulated", "simulated float32", [b] { fake_quantise_activation(b->transformed(), kGrid); }, false),
          make_contender(
              "torch_operators", "simulated float32", [b] { by_torch(*b); }, false)};
}

// Time of the product over that of the transforms: the reciprocals of the shares 25 % and 12 %, 50 % and 20 %.
Goal goal_of(double floor_share, double aim_share) {
  return {"C5",
          "transform_quantise",
          {{"the product it is for", {"integer_linear"}, 1 / floor_share, 1 / aim_share},
           {"simulated", {"simulated"}},
           {"torch operators", {"torch_operators"}}}};
}

BenchmarkGroup transform_group(int64_t width, double floor_share, double aim_share) {
  const auto prepare = [=](const BenchSettings& settings, const std::vector<std::string>&) {
    const auto bench = make_bench(width, settings.seed);
    Contest contest;
    contest.model = fmt::format("activation {}x{}", kTokens, width);
    contest.note = fmt::format(
        "random data; {} tokens of width {}: Kronecker {}x{}, slices, 4-bit grid; the share of the product is 1 / "
        "ratio",
        kTokens, width, bench->factors.left.size(0), bench->factors.right.size(0));
    contest.unit = "call";
    contest.goal = goal_of(floor_share, aim_share);
    contest.probe = processor_speed;
    contest.check_exact = [bench] { check_rows(bench->rows(), bench->transformed(), kGrid); };
    contest.contenders = all_contenders(bench);
    return contest;
  };
  return {fmt::format("cpu/C5/transform_quantise_{}", width),
          fmt::format("transforms and quantiser of {} tokens of width {}, against the product", kTokens, width),
          {"integer_linear", "transform_quantise", "simulated", "torch_operators"},
          prepare,
          /*whole=*/true};
}

}  // namespace

std::vector<BenchmarkGroup> transform_groups() {
  return {transform_group(4096, 0.25, 0.12), transform_group(2048, 0.5, 0.2)};
}

}  // namespace freeact
