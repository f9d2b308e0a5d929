#include "ops/ops.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "ops/plain_ops.h"
#include "ops/plain_rows.h"
#include "util/error.h"

namespace freeact {
namespace {

at::Tensor repeat_heads(const at::Tensor& x_BGTK, int64_t heads) {
  const int64_t groups = x_BGTK.size(1);
  return groups == heads ? x_BGTK : x_BGTK.repeat_interleave(heads / groups, 1);
}

// Keys that come after each query [queries, keys]; the queries are the last positions.
at::Tensor future(int64_t queries, int64_t keys, at::Device device) {
  return at::ones({queries, keys}, at::TensorOptions(at::kBool).device(device)).triu(1 + keys - queries);
}

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.to(at::promote_types(x.scalar_type(), at::kFloat));
  const at::Tensor factors = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);
  if (is_plain(x) && is_plain(weight)) return scale_rows(x, factors, weight);
  const at::Tensor normal = wide * factors;
  return normal.to(x.scalar_type()) * weight;
}

RopeTable rope_table(const at::Tensor& positions, int64_t head_width, double theta) {
  const at::Tensor exponents = at::arange(0, head_width, 2, at::TensorOptions(at::kFloat).device(positions.device())) /
                               static_cast<double>(head_width);
  const at::Tensor frequencies = 1.0 / at::pow(theta, exponents);
  const at::Tensor turns = positions.dim() == 3 ? positions.permute({1, 2, 0}) : positions.unsqueeze(-1);
  const at::Tensor half = turns.to(at::kFloat) * frequencies;
  const at::Tensor angles = at::cat({half, half}, -1).unsqueeze(1);
  return {angles.cos(), angles.sin()};
}

at::Tensor apply_rope(const at::Tensor& x_BHTK, const RopeTable& table) {
  if (can_rotate_plain(x_BHTK, table)) return rotate_plain(x_BHTK, table);
  const at::Tensor x = x_BHTK.to(at::promote_types(x_BHTK.scalar_type(), table.cos.scalar_type()));
  const auto halves = x.chunk(2, -1);
  const at::Tensor rotated = at::cat({-halves[1], halves[0]}, -1);
  return (x * table.cos + rotated * table.sin).to(x_BHTK.scalar_type());
}

at::Tensor attention(const at::Tensor& q_BHTK, const at::Tensor& k_BGSK, const at::Tensor& v_BGSK,
                     const at::Tensor& bias, bool causal) {
  const int64_t heads = q_BHTK.size(1), queries = q_BHTK.size(2), keys = k_BGSK.size(2);
  FREEACT_CHECK(!(causal && bias.defined()), "causal attention takes its bias from the mask");
  std::optional<at::Tensor> mask;
  if (bias.defined()) mask = bias;
  // The library's own causal mask takes the queries for the first positions; a single one at the end sees everything.
  if (causal && queries != keys && queries > 1) mask = at::logical_not(future(queries, keys, q_BHTK.device()));
  return at::scaled_dot_product_attention(q_BHTK, repeat_heads(k_BGSK, heads), repeat_heads(v_BGSK, heads), mask, 0.0,
                                          causal && queries == keys);
}

at::Tensor attention_naive(const at::Tensor& q_BHTK, const at::Tensor& k_BGSK, const at::Tensor& v_BGSK,
                           const at::Tensor& bias, bool causal) {
  const int64_t heads = q_BHTK.size(1);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q_BHTK.size(3)));
  at::Tensor scores = at::matmul(q_BHTK * scale, repeat_heads(k_BGSK, heads).transpose(-1, -2));
  if (bias.defined()) scores = scores + bias;
  if (causal) scores = scores.masked_fill(future(q_BHTK.size(2), k_BGSK.size(2), scores.device()), -INFINITY);
  const auto wide = at::promote_types(scores.scalar_type(), at::kFloat);
  return at::matmul(at::softmax(scores, -1, wide).to(v_BGSK.scalar_type()), repeat_heads(v_BGSK, heads));
}

at::Tensor cayley(const at::Tensor& raw) {
  const at::Tensor lower = at::tril(raw);
  const at::Tensor skew = lower - lower.t();
  const at::Tensor identity = at::eye(raw.size(0), raw.options().requires_grad(false));
  return at::linalg_solve(identity - skew / 2, identity + skew / 2);
}

at::Tensor cayley_raw(const at::Tensor& rotation) {
  const at::Tensor identity = at::eye(rotation.size(0), rotation.options());
  return at::tril(2 * at::linalg_solve(rotation + identity, rotation - identity), -1);
}

at::Tensor orthogonal_from_gaussian(const at::Tensor& gaussian_matrix) {
  const auto [q, r] = at::linalg_qr(gaussian_matrix);
  return q * at::sign(at::diagonal(r));
}

at::Tensor gaussian(at::IntArrayRef shape, uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randn(shape, generator, at::TensorOptions(at::kDouble));
}

}  // namespace freeact
