#include <ATen/ATen.h>

#include "ops/ops.h"
#include "quant/learnable.h"
#include "verify/parameter_set.h"

namespace freeact {
namespace {

void check_split_table(QuantCase& c) {
  at::Tensor table = c.reference("table").clone();
  for (int64_t i = 0; i < table.size(0); ++i) {
    const auto [left, right] = kronecker_split(table[i][0].item<int64_t>());
    table[i][1] = left;
    table[i][2] = right;
  }
  c.expect("table", table);
}

void check_init(QuantCase& c) {
  if (c.has("H")) return c.expect("Q", orthogonal_from_gaussian(c.in("H")));
  c.expect("diag_scale", initial_scale(c.in("xmax"), c.in("wmax"), c.params().at("alpha")));
}

void check_single(QuantCase& c, const ParameterSet& p) {
  const auto m = p.matrix("");
  c.expect("matrix", m->matrix());
  c.expect("matrix_inv_t", m->inverse_transpose());
  c.expect("y", at::matmul(c.in("x"), m->matrix()));
  c.expect("y_inv_t", at::matmul(c.in("x"), m->inverse_transpose()));
  if (p.has("linear_u.X")) c.expect("U", cayley(p.get("linear_u.X")));
  if (p.has("linear_v.X")) c.expect("V", cayley(p.get("linear_v.X")));
}

void check_pair(QuantCase& c, const ParameterSet& p) {
  const LearnableKronecker t = p.kronecker("");
  if (p.has("linear_u_left.X")) c.expect("Uleft_at_init", cayley(p.get("linear_u_left.X")));
  if (p.has("linear_v_right.X")) c.expect("Vright_at_init", cayley(p.get("linear_v_right.X")));
  if (!c.has("x")) return;
  const at::Tensor y = t.activation(c.in("x")), w = t.weight(c.in("w"));
  c.expect("y", y);
  c.expect("w_inv_t", w);
  c.expect("xwT", at::matmul(y, w.t()));
  c.expect("matrix_left", t.left->matrix());
  c.expect("matrix_right", t.right->matrix());
  c.expect("matrix_left_inv_t", t.left->inverse_transpose());
  c.expect("matrix_right_inv_t", t.right->inverse_transpose());
  c.expect("kron", at::kron(t.left->matrix(), t.right->matrix()));
}

LearnableSite one_linear(const QuantCase& c, const ParameterSet& p, const std::string& transform,
                         const std::string& linear) {
  LearnableSite site;
  site.transform = p.kronecker(transform);
  site.weight_grid = {c.params().at("w_bits"), c.params().at("w_symmetric")};
  site.activation_grid = {c.params().at("a_bits"), c.params().at("a_symmetric")};
  site.parts.push_back({{c.in("w"), c.in("bias")},
                        p.clip(linear + "clip_factor_w"),
                        p.clip(linear + "act_quantizer.clip_factor_a"),
                        nullptr});
  return site;
}

void check_quantised_linear(QuantCase& c) {
  const ParameterSet p(c, "");
  const LearnableSite site = one_linear(c, p, "trans.", "");
  const at::Tensor z = site.transformed(c.in("x"), {}), w = site.transformed_weight(0);
  const Scale x_scale = activation_scale(z, site.activation_grid, site.parts[0].activation_clip.value());
  c.expect("x_transformed", z);
  c.expect("w_transformed", site.transform.weight(c.in("w")));
  c.expect("w_clipped", w);
  c.expect("w_reparameterised", w);
  c.expect("x_quantised", site.quantised_activation(z, {}, 0));
  c.expect("x_scale", x_scale.scale);
  if (x_scale.zero.defined()) c.expect("x_zero", x_scale.zero);
  c.expect("w_quantised", site.quantised_weight(0));
  c.expect("w_scale", weight_scale(w, site.weight_grid).scale);
  c.expect("y", site.forward(c.in("x"), {})[0]);
}

// v with the values' basis on its output, o with the heads' basis before and both on its weight; all clips at their
// start, 4 bit where the case does not say.
void check_values_and_output(QuantCase& c) {
  const ParameterSet p(c, "");
  LearnableSite v, o;
  v.weight_grid = o.weight_grid = {c.params().value("w_bits", 4), c.params().value("w_symmetric", true)};
  v.activation_grid = o.activation_grid = {c.params().value("a_bits", 4), c.params().value("a_symmetric", true)};
  v.transform = p.kronecker("trans.");
  o.transform.left = p.matrix("o_trans.");
  o.upstream = p.matrix("vcache_trans.");
  const at::Tensor w_v = c.in("w_v"), w_o = c.in("w_o");
  v.parts.push_back({{w_v, c.in("b_v")}, LearnedClip::start({w_v.size(0), 1}), LearnedClip::start({1}), o.upstream});
  o.parts.push_back({{w_o, {}}, LearnedClip::start({w_o.size(0), 1}), LearnedClip::start({1}), nullptr});
  c.expect("v_weight_before_quant", v.transformed_weight(0));
  c.expect("v_out", v.forward(c.in("x"), {})[0]);
  c.expect("context_transformed", o.transformed(c.in("context"), {}));
  c.expect("o_out", o.forward(c.in("context"), {})[0]);
}

TrainerSettings trainer_settings(const nlohmann::json& p) {
  TrainerSettings s;
  s.epochs = p.at("epochs");
  s.learning_rate = p.contains("flat_lr") ? p.at("flat_lr").get<double>() : p.at("lr").at("trans").get<double>();
  s.warmup = p.contains("scheduler") && p.at("scheduler").get<std::string>().find("LinearLR") != std::string::npos;
  return s;
}

}  // namespace

void check_flatquant_trans(QuantCase& c) {
  if (c.kind() == "table") return check_split_table(c);
  if (c.kind() == "init") return check_init(c);
  if (c.kind() != "transform") return;
  const ParameterSet p(c, "");
  if (c.params().contains("size")) return check_single(c, p);
  check_pair(c, p);
}

void check_flatquant_linear(QuantCase& c) {
  if (c.kind() == "init") return check_init(c);
  if (c.has("w_v")) return check_values_and_output(c);
  check_quantised_linear(c);
}

void check_flatquant_train(QuantCase& c) {
  const ParameterSet p(c, "init.");
  const LearnableSite site = one_linear(c, p, "in_trans.", "proj.");
  const TrainerSettings settings = trainer_settings(c.params());
  const auto batches = c.in("x").split(c.params().at("batch").get<int64_t>());
  const auto targets = c.in("y_fp").split(c.params().at("batch").get<int64_t>());
  const auto loss = [&](int64_t batch) {
    const auto i = static_cast<size_t>(batch);
    return mean_squared_loss(site.forward(batches[i], {})[0], targets[i]);
  };
  expect_trace(c, train(groups_of(site, settings), static_cast<int64_t>(batches.size()), settings, loss,
                        check_steps(c, p, c.params().at("steps"))));
}

}  // namespace freeact
