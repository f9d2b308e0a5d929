// Letters: D width, N token types, T tokens, O outputs of all linears of a site.
#include "method/freeact/branches.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <functional>
#include <optional>

#include "calibration/site_maxima.h"
#include "method/freeact/exclusive_bases.h"
#include "method/freeact/statistics.h"
#include "ops/ops.h"
#include "util/random.h"

namespace freeact {
namespace {

// What one site's branch is chosen from.
class BranchTokens {
 public:
  BranchTokens(const LearnableSite& site, int64_t num_types)
      : site_(&site),
        statistics_(num_types, weight_of(site).size(1), /*decay=*/std::nullopt, weight_of(site).device()) {}

  void add(const at::Tensor& x_BTD, const at::Tensor& types_BT, bool held_out) {
    const at::Tensor x_TD =
        (site_->mean_ND.defined() ? x_BTD - rows_of_type(site_->mean_ND, types_BT) : x_BTD).flatten(0, 1);
    if (!held_out) return statistics_.add(x_TD, types_BT.flatten());
    held_out_TD_ = x_TD;
    held_out_types_T_ = types_BT.flatten();
  }

  at::Tensor moment(int64_t type) const { return statistics_.shrunk_moment(type); }  // [D, D]
  at::Tensor held_out(int64_t type) const { return held_out_TD_.index({held_out_types_T_ == type}); }
  bool has(int64_t type) const { return tokens(type) > 0; }

 private:
  static const at::Tensor& weight_of(const LearnableSite& site) { return site.parts[0].linear.weight; }
  double tokens(int64_t type) const { return statistics_.count()[type].item<double>(); }

  const LearnableSite* site_;
  TokenStatistics statistics_;
  at::Tensor held_out_TD_, held_out_types_T_;
};

using BasisOfRank = std::function<at::Tensor(int64_t rank)>;

// The best directions of any number, orthonormal [D, rank]; the eigenproblem is solved here.
BasisOfRank directions(const at::Tensor& moment_DD, const at::Tensor& weight_OD, BranchDirections kind) {
  if (kind == BranchDirections::kWeightAware)
    return [found = WeightAwareDirections(moment_DD, weight_OD, kDirectionsRidge)](int64_t rank) {
      return found.basis(rank).to(at::kFloat);
    };
  return [vectors = std::get<1>(at::linalg_eigh(moment_DD))](int64_t rank) {
    return vectors.slice(1, vectors.size(1) - rank).to(at::kFloat);  // eigenvalues ascend
  };
}

std::vector<int64_t> ranks_up_to(int64_t most) {
  std::vector<int64_t> ranks = {0};
  for (int64_t rank = 1; rank <= most; rank *= 2) ranks.push_back(rank);
  return ranks;
}

// Orthonormal [D, r] of one type; r = 0 where nothing is gained.
at::Tensor basis_of_type(const BranchTokens& tokens, const at::Tensor& weight_OD, const Grid& activation_grid,
                         int64_t type, const BranchSettings& settings, uint64_t seed) {
  const int64_t width = weight_OD.size(1);
  const auto most = static_cast<int64_t>(std::llround(settings.fraction * static_cast<double>(width)));
  const at::Tensor none = at::empty({width, 0}, weight_OD.options());
  if (most == 0 || !tokens.has(type)) return none;
  const at::Tensor held_out_TD = settings.kind == BranchKind::kDrop ? tokens.held_out(type) : at::Tensor();
  if (held_out_TD.defined() && held_out_TD.size(0) == 0) return none;
  const BasisOfRank basis_of = directions(tokens.moment(type), weight_OD, settings.directions);
  if (settings.kind == BranchKind::kKeep) return basis_of(most);
  const at::Tensor rotation_DD =
      orthogonal_from_gaussian(gaussian({width, width}, seed)).to(weight_OD.device(), at::kFloat);
  const auto choice = choose_rank(held_out_TD, weight_OD, rotation_DD, ranks_up_to(most), activation_grid, basis_of);
  return choice.rank == 0 ? none : basis_of(choice.rank);
}

TypeBranch branch_of(const BranchTokens& tokens, const std::vector<Linear>& linears, const Grid& activation_grid,
                     int64_t num_types, const BranchSettings& settings, uint64_t seed) {
  const at::Tensor weight_OD = stacked_weights(linears);
  std::vector<at::Tensor> bases;
  for (int64_t type = 0; type < num_types; ++type)
    bases.push_back(basis_of_type(tokens, weight_OD, activation_grid, type, settings,
                                  derive_seed(seed, fmt::format("type {}", type))));
  TypeBranch branch = TypeBranch::orthonormal(bases);
  if (settings.kind == BranchKind::kKeep && !branch.empty())
    for (const Linear& linear : linears) branch.products_RO.push_back(at::matmul(branch.write_RD, linear.weight.t()));
  return branch;
}

}  // namespace

BranchKind parse_branch(const std::string& name) {
  if (name == "none") return BranchKind::kNone;
  if (name == "drop") return BranchKind::kDrop;
  if (name == "keep") return BranchKind::kKeep;
  throw UserError("key 'method.branch' must be none, drop or keep, but is '{}'", name);
}

BranchDirections parse_branch_directions(const std::string& name) {
  if (name == "weight_aware") return BranchDirections::kWeightAware;
  if (name == "energy") return BranchDirections::kEnergy;
  throw UserError("key 'method.branch_directions' must be weight_aware or energy, but is '{}'", name);
}

void add_branches(const LearnedBlock& learned, const Block& block, const std::vector<BlockBatch>& batches,
                  const DecoderConfig& config, const BranchSettings& settings, uint64_t seed) {
  if (settings.kind == BranchKind::kNone) return;
  const at::NoGradGuard no_grad;
  const auto num_types = static_cast<int64_t>(config.token_types.size());
  std::vector<BranchTokens> tokens;
  for (const auto& site : learned.sites) tokens.emplace_back(*site, num_types);
  for (size_t batch = 0; batch < batches.size(); ++batch) {
    const bool held_out = settings.kind == BranchKind::kDrop && batch + 1 == batches.size();
    visit_site_inputs(block, {batches[batch]}, config, [&](size_t i, const at::Tensor& x_BTD, const at::Tensor& types) {
      tokens[i].add(x_BTD, types, held_out);
    });
  }
  for (size_t i = 0; i < kNumSites; ++i)
    learned.sites[i]->branch =
        branch_of(tokens[i], block.linears[i], learned.sites[i]->activation_grid, num_types, settings,
                  derive_seed(seed, fmt::format("branch {} {}", block.index, kSiteNames[i])));
}

}  // namespace freeact
