#include <ATen/ATen.h>

#include "method/freeact/exclusive_bases.h"
#include "method/freeact/penrose.h"
#include "method/freeact/statistics.h"
#include "ops/ops.h"
#include "util/error.h"
#include "verify/parameter_set.h"

namespace freeact {
namespace {

void check_mask(QuantCase& c) {
  c.expect("keep", slice_mask(c.params().at("d"), c.params().at("ranks").get<std::vector<int64_t>>()).to(at::kByte));
}

void check_penrose(QuantCase& c) {
  const PenroseSolution s = penrose_solution(c.in("x"), c.in("w"), c.in("z"));
  c.expect("Px", s.project_x);
  c.expect("Pw", s.project_w);
  c.expect("M", s.solution);
  c.expect("XMWt", at::matmul(at::matmul(c.in("x"), s.solution), c.in("w").t()));
}

// Orthogonal T with slices per type: P_t = T keep_t, weight side W T.
void check_slices(QuantCase& c) {
  const at::Tensor t = c.in("T"), w = c.in("w"), w_t = at::matmul(w, t);
  const at::Tensor keep =
      slice_mask(t.size(0), c.shared_param("ranks").get<std::vector<int64_t>>()).to(t.scalar_type());
  c.expect("w_t", w_t);
  std::vector<at::Tensor> errors;
  for (int64_t type = 0; type < 2; ++type) {
    const at::Tensor x = c.in(fmt::format("x{}", type)), p = t * keep[type], z = at::matmul(x, p);
    const at::Tensor y = at::matmul(z, w_t.t()), error = at::matmul(x, w.t()) - y;
    c.expect(fmt::format("P{}", type), p);
    c.expect(fmt::format("z{}", type), z);
    c.expect(fmt::format("y{}", type), y);
    c.expect(fmt::format("err{}", type), error);
    errors.push_back(error.square().mean());
  }
  c.expect("mse", at::stack(errors));
}

LearnableSite site_of(const QuantCase& c, const ParameterSet& p) {
  const auto kind = c.params().value("orthogonal_only", false) ? Parametrisation::kOrthogonal : Parametrisation::kSvd;
  LearnableSite site;
  site.transform.left = std::make_shared<LearnableMatrix>(kind, p.get("Xl"), p.get("sl"), p.get("Yl"));
  site.transform.right = std::make_shared<LearnableMatrix>(kind, p.get("Xr"), p.get("sr"), p.get("Yr"));
  site.transform.scale = p.get("diag_scale");
  site.keep_ND = c.in("keep");
  if (c.has("type_mean")) site.mean_ND = c.in("type_mean");
  site.weight_grid = site.activation_grid = {c.params().at("bits"), true};
  const at::Tensor bias = c.has("bias") ? c.in("bias") : at::Tensor();
  site.parts.push_back({{c.in("w"), bias}, p.clip("clip_w"), p.clip("clip_a"), nullptr});
  return site;
}

at::Tensor mean_image(const LearnableSite& site, const at::Tensor& w, const at::Tensor& types) {
  return rows_of_type(at::matmul(site.mean_ND, w.t()), types);
}

void check_forward(QuantCase& c) {
  const ParameterSet p(c, "");
  const LearnableSite site = site_of(c, p);
  const at::Tensor x = c.in("x"), types = c.in("types"), w = c.in("w"), bias = site.parts[0].linear.bias;
  const at::Tensor z = site.transformed(x, types), y = site.forward(x, types)[0];
  c.expect("left", site.transform.left->matrix());
  c.expect("right", site.transform.right->matrix());
  c.expect("left_inv_t", site.transform.left->inverse_transpose());
  c.expect("z", z);
  c.expect("z_quantised", site.quantised_activation(z, types, 0));
  c.expect("w_quantised", site.quantised_weight(0));
  c.expect("y", y);
  at::Tensor truncated = at::linear(z, site.transform.weight(w), bias);
  if (site.mean_ND.defined()) truncated = truncated + mean_image(site, w, types);
  c.expect("y_float_truncated", truncated);
  const Loss loss = type_sum_loss(y, at::linear(x, w, bias), types, site.keep_ND.size(0));
  c.expect("loss_per_type", at::stack(loss.parts));
  c.expect("loss", loss.total.reshape({1}));
}

void check_training(QuantCase& c) {
  const ParameterSet p(c, "init.");
  const LearnableSite site = site_of(c, p);
  TrainerSettings settings;
  settings.epochs = c.params().at("epochs");
  settings.learning_rate = c.params().at("lr").at("transform");
  const auto batch = c.params().at("batch").get<int64_t>();
  const auto x = c.in("x").split(batch), types = c.in("types").split(batch);
  const Linear& linear = site.parts[0].linear;
  const auto loss = [&](int64_t index) {
    const auto i = static_cast<size_t>(index);
    return type_sum_loss(site.forward(x[i], types[i])[0], linear(x[i]), types[i], site.keep_ND.size(0));
  };
  expect_trace(c, train(groups_of(site, settings), static_cast<int64_t>(x.size()), settings, loss,
                        check_steps(c, p, c.params().at("steps"))));
}

void expect_statistics(QuantCase& c, const TokenStatistics& s, const std::string& prefix) {
  c.expect(prefix + "count", s.count());
  c.expect(prefix + "mean", s.mean());
  for (int64_t type = 0; type < s.count().size(0); ++type)
    c.expect(fmt::format("{}cov{}", prefix, type), s.covariance(type));
}

void check_streaming(QuantCase& c) {
  const at::Tensor x = c.in("x"), types = c.in("types");
  const int64_t num_types = types.max().item<int64_t>() + 1;
  TokenStatistics all(num_types, x.size(-1)), decayed(num_types, x.size(-1), 0.9);
  for (int64_t i = 0; i < x.size(0); ++i) {
    all.add(x[i], types[i]);
    decayed.add(x[i], types[i]);
  }
  expect_statistics(c, all, "");
  expect_statistics(c, decayed, "decay0.9_");
}

void check_marginals(QuantCase& c) {
  const auto [left, right] =
      kronecker_marginals(c.in("second_moment"), c.reference("left").size(0), c.reference("right").size(0));
  c.expect("left", left);
  c.expect("right", right);
}

void check_two_blocks(QuantCase& c) {
  const auto ranks = c.params().at("ranks").get<std::vector<int64_t>>();
  const TwoBlockBases b = two_block_bases(c.in("C0"), c.in("C1"), ranks[0], ranks[1]);
  const at::Tensor all = at::cat({b.u0, b.u1}, 1);
  const double skewness = (at::matmul(all.t(), all) - at::eye(all.size(1), all.options())).abs().max().item<double>();
  if (skewness > 1e-8) throw Defect(fmt::format("bases are orthonormal only to {:.1e}", skewness));
  c.expect("objective", b.objective.reshape({1}));
  c.expect("lower_bound", b.lower_bound.reshape({1}));
}

void check_weight_aware(QuantCase& c) {
  const at::Tensor x = c.in("x"), types = c.in("types"), w = c.in("w");
  const auto candidates = c.params().at("rank_candidates").get<std::vector<int64_t>>();
  const double ridge = c.params().at("ridge");
  for (int64_t type = 0; type < 2; ++type) {
    const at::Tensor own = x.index({types == type});
    const at::Tensor moment = second_moment(own);
    const WeightAwareDirections directions(moment, w, ridge);
    const at::Tensor u = directions.basis(c.params().at("k"));
    c.expect(fmt::format("projector{}", type), at::matmul(u, u.t()));
    const RankChoice choice = choose_rank(own, w, c.in("rotation"), candidates, {4, true},
                                          [&](int64_t rank) { return directions.basis(rank); });
    c.expect(fmt::format("rank{}", type), at::tensor({choice.rank}, at::kLong));
    c.expect(fmt::format("errors{}", type), at::tensor(choice.errors, at::kDouble));
  }
}

}  // namespace

void check_freeact(QuantCase& c) {
  const std::string kind = c.kind();
  if (kind == "mask") return check_mask(c);
  if (kind == "forward") return check_forward(c);
  if (kind.starts_with("training")) return check_training(c);
  if (kind.starts_with("identity")) return c.has("T") ? check_slices(c) : check_penrose(c);
  if (c.has("second_moment")) return check_marginals(c);
  if (c.has("C0")) return check_two_blocks(c);
  if (c.has("rotation")) return check_weight_aware(c);
  if (kind.find("streaming") != std::string::npos) return check_streaming(c);
}

}  // namespace freeact
