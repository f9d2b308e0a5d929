#include "quant/learnable.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/kronecker.h"
#include "ops/ops.h"
#include "util/error.h"
#include "util/random.h"

namespace freeact {
namespace {

at::Tensor trainable(const at::Tensor& value) {
  return value.detach().clone().set_requires_grad(true);
}

at::Tensor random_orthogonal(int64_t size, uint64_t seed) {
  return orthogonal_from_gaussian(gaussian({size, size}, seed)).to(at::kFloat);
}

constexpr int kSignDraws = 64;

// The columns with signs such that Q + I is invertible and the determinant 1; of several draws the best conditioned.
at::Tensor reachable_by_cayley(const at::Tensor& orthogonal, uint64_t seed) {
  Random random(seed, "signs of a start");
  const int64_t size = orthogonal.size(0);
  at::Tensor best;
  double best_gap = 0;
  for (int draw = 0; draw < kSignDraws; ++draw) {
    at::Tensor signs = at::ones({size}, orthogonal.options());
    for (int64_t i = 0; i < size; ++i)
      if (random.below(2)) signs[i] = -1.0;
    if (at::det(orthogonal * signs).item<double>() < 0) signs[0] = -signs[0];
    const at::Tensor candidate = orthogonal * signs;
    const at::Tensor sum = candidate + at::eye(size, candidate.options());
    const double gap = at::linalg_svdvals(sum)[-1].item<double>();
    if (gap <= best_gap) continue;
    best = candidate;
    best_gap = gap;
  }
  FREEACT_CHECK(best_gap > 1e-6, "no signs make this matrix reachable by the Cayley map");
  return best;
}

// What is kept, made first where there is nothing yet.
template <typename Make>
at::Tensor once(at::Tensor& kept, const Make& make) {
  if (!kept.defined()) kept = make();
  return kept;
}

}  // namespace

Parametrisation parse_parametrisation(const std::string& name) {
  if (name == "svd") return Parametrisation::kSvd;
  if (name == "inv") return Parametrisation::kInverse;
  throw UserError("key 'method.parametrisation' must be svd or inv, but is '{}'", name);
}

LearnableMatrix::LearnableMatrix(Parametrisation kind, int64_t size, uint64_t seed, at::Device device)
    : kind_(kind), u_(trainable(random_orthogonal(size, derive_seed(seed, "u")).to(device))) {
  if (kind == Parametrisation::kInverse) return;
  v_ = trainable(random_orthogonal(size, derive_seed(seed, "v")).to(device));
  s_ = trainable(at::ones({size}, u_.options().requires_grad(false)));
}

LearnableMatrix::LearnableMatrix(Parametrisation kind, at::Tensor u, at::Tensor s, at::Tensor v)
    : kind_(kind), u_(std::move(u)), s_(std::move(s)), v_(std::move(v)) {}

at::Tensor LearnableMatrix::raw_of(const at::Tensor& rotation) const {
  return trainable(cayley_raw(rotation).to(u_.device(), at::kFloat));
}

void LearnableMatrix::start_at(const at::Tensor& orthogonal, uint64_t seed) {
  if (kind_ == Parametrisation::kInverse) {
    u_ = trainable(orthogonal.to(u_.device(), at::kFloat));
    return;
  }
  u_ = raw_of(reachable_by_cayley(orthogonal.to(at::kCPU, at::kDouble), seed));
  v_ = trainable(at::zeros_like(v_));
  if (s_.defined()) s_ = trainable(at::ones_like(s_));
}

void LearnableMatrix::start_at_invertible(const at::Tensor& matrix, uint64_t seed) {
  if (kind_ == Parametrisation::kInverse) {
    u_ = trainable(matrix.to(u_.device(), at::kFloat));
    return;
  }
  const auto [left, singular, right_t] = at::linalg_svd(matrix.to(at::kCPU, at::kDouble));
  if (kind_ == Parametrisation::kOrthogonal) return start_at(at::matmul(left, right_t), seed);
  const at::Tensor right = right_t.t();
  const at::Tensor u = reachable_by_cayley(left, derive_seed(seed, "u")),
                   v = reachable_by_cayley(right, derive_seed(seed, "v"));
  u_ = raw_of(u);
  v_ = raw_of(v);
  // Columns whose sign differs between the sides: what was U diag(s) V^T stays so by the sign of s.
  s_ = trainable((singular * (u * left).sum(0).round() * (v * right).sum(0).round()).to(v_.device(), at::kFloat));
}

MatrixHealth LearnableMatrix::health() const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const at::NoGradGuard no_grad;
  try {
    const at::Tensor m = matrix().to(at::kDouble), inverse = inverse_transpose().to(at::kDouble).t();
    if (!m.isfinite().all().item<bool>() || !inverse.isfinite().all().item<bool>()) return {kInfinity, kInfinity};
    const at::Tensor values = at::linalg_svdvals(m);
    const at::Tensor off = at::matmul(m, inverse) - at::eye(size(), m.options());
    return {(values[0] / values[-1]).item<double>(), off.abs().max().item<double>()};
  } catch (const c10::LinAlgError&) {
    return {kInfinity, kInfinity};
  }
}

MatrixHealth MatrixHealth::operator*(const MatrixHealth& other) const {
  return {condition * other.condition, std::max(inverse_deviation, other.inverse_deviation)};
}

at::Tensor LearnableMatrix::orthogonal(const at::Tensor& raw, at::Tensor Held::*kept) const {
  if (!held_) return cayley(raw);
  return once((*held_).*kept, [&] { return cayley(raw); });
}

at::Tensor LearnableMatrix::svd_form(const at::Tensor& diagonal) const {
  const at::Tensor u = orthogonal(u_, &Held::u);
  return at::matmul(diagonal.defined() ? u * diagonal : u, orthogonal(v_, &Held::v).t());
}

at::Tensor LearnableMatrix::matrix() const {
  return held_ ? once(held_->matrix, [this] { return compute_matrix(); }) : compute_matrix();
}

at::Tensor LearnableMatrix::inverse_transpose() const {
  return held_ ? once(held_->inverse_transpose, [this] { return compute_inverse_transpose(); })
               : compute_inverse_transpose();
}

at::Tensor LearnableMatrix::compute_matrix() const {
  switch (kind_) {
    case Parametrisation::kSvd:
      return svd_form(s_);
    case Parametrisation::kOrthogonal:
      return svd_form({});
    case Parametrisation::kInverse:
      return u_;
  }
  throw Defect("unknown parametrisation");
}

at::Tensor LearnableMatrix::compute_inverse_transpose() const {
  switch (kind_) {
    case Parametrisation::kSvd:
      return svd_form(1 / s_);
    case Parametrisation::kOrthogonal:
      return svd_form({});
    case Parametrisation::kInverse:
      return at::inverse(u_.to(at::kDouble)).t().to(u_.scalar_type());
  }
  throw Defect("unknown parametrisation");
}

std::vector<at::Tensor> LearnableMatrix::parameters() const {
  if (kind_ == Parametrisation::kInverse) return {u_};
  if (kind_ == Parametrisation::kOrthogonal) return {u_, v_};
  return {u_, s_, v_};
}

LearnableKronecker LearnableKronecker::random(Parametrisation kind, int64_t width, uint64_t seed, at::Device device) {
  const auto [rows, columns] = kronecker_split(width);
  LearnableKronecker transform;
  transform.left = std::make_shared<LearnableMatrix>(kind, rows, derive_seed(seed, "left"), device);
  transform.right = std::make_shared<LearnableMatrix>(kind, columns, derive_seed(seed, "right"), device);
  return transform;
}

at::Tensor LearnableKronecker::activation(const at::Tensor& x) const {
  if (left && right) return scaled_kronecker(x, scale, left->matrix(), right->matrix());
  const at::Tensor scaled = scale.defined() ? x * scale : x;
  if (!left && !right) return scaled;
  return kronecker_apply(scaled, left ? left->matrix() : at::Tensor(), right ? right->matrix() : at::Tensor());
}

at::Tensor LearnableKronecker::weight(const at::Tensor& weight_OD) const {
  // By the reciprocal, since the gradient of a division costs four passes over the weight.
  const at::Tensor reciprocal = scale.defined() ? 1 / scale : at::Tensor();
  if (left && right)
    return scaled_kronecker(weight_OD, reciprocal, left->inverse_transpose(), right->inverse_transpose());
  const at::Tensor scaled = scale.defined() ? weight_OD * reciprocal : weight_OD;
  if (!left && !right) return scaled;
  return kronecker_apply(scaled, left ? left->inverse_transpose() : at::Tensor(),
                         right ? right->inverse_transpose() : at::Tensor());
}

std::shared_ptr<const Transform> LearnableKronecker::freeze() const {
  const at::NoGradGuard no_grad;
  KroneckerTransform::Factors factors;
  if (left) {
    factors.left = left->matrix().detach().clone();
    factors.left_inverse_t = left->inverse_transpose().detach().clone();
  }
  if (right) {
    factors.right = right->matrix().detach().clone();
    factors.right_inverse_t = right->inverse_transpose().detach().clone();
  }
  return std::make_shared<KroneckerTransform>(std::move(factors));
}

std::pair<int64_t, int64_t> kronecker_split(int64_t n) {
  FREEACT_CHECK(n > 0, "width {}", n);
  if (n % 4 == 2) return {std::min<int64_t>(2, n / 2), std::max<int64_t>(2, n / 2)};
  // n = (a - b)(a + b): the smallest a >= sqrt(n) for which a^2 - n is a square.
  for (auto a = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));; ++a) {
    const int64_t rest = a * a - n;
    const auto b = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(rest))));
    if (rest >= 0 && b * b == rest) return {a - b, a + b};
  }
}

at::Tensor initial_scale(const at::Tensor& activation_max_D, const at::Tensor& weight_max_D, double alpha) {
  return (weight_max_D.pow(1 - alpha) / activation_max_D.pow(alpha)).clamp_min(1e-5);
}

}  // namespace freeact
