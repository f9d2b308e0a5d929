#include "verify/parameter_set.h"

#include <ATen/ATen.h>

namespace freeact {

ParameterSet::ParameterSet(const QuantCase& c, const std::string& prefix) {
  for (const auto& name : c.roles(prefix))
    if (const at::Tensor value = c.in(prefix + name); value.is_floating_point())
      leaves_[name] = value.clone().set_requires_grad(true);
}

at::Tensor ParameterSet::get(const std::string& name) const {
  const auto found = leaves_.find(name);
  return found == leaves_.end() ? at::Tensor() : found->second;
}

std::shared_ptr<LearnableMatrix> ParameterSet::matrix(const std::string& module, const std::string& side) const {
  if (const at::Tensor u = get(module + "linear_u" + side + ".X"); u.defined())
    return std::make_shared<LearnableMatrix>(Parametrisation::kSvd, u, get(module + "linear_diag" + side),
                                             get(module + "linear_v" + side + ".X"));
  for (const char* end : {".weight", ".W"})
    if (const at::Tensor w = get(module + "linear" + side + end); w.defined())
      return std::make_shared<LearnableMatrix>(Parametrisation::kInverse, w);
  return nullptr;
}

LearnableKronecker ParameterSet::kronecker(const std::string& module) const {
  return {matrix(module, "_left"), matrix(module, "_right"), get(module + "diag_scale")};
}

LearnedClip ParameterSet::clip(const std::string& name) const {
  return {get(name + "_max"), get(name + "_min")};
}

void ParameterSet::expect_gradients(QuantCase& c) const {
  for (const auto& [name, leaf] : leaves_) c.expect("grad1." + name, leaf.grad());
}

void ParameterSet::expect_values(QuantCase& c, const std::string& stage) const {
  for (const auto& [name, leaf] : leaves_) c.expect(stage + "." + name, leaf);
}

std::vector<ParameterGroup> groups_of(const LearnableSite& site, const TrainerSettings& settings) {
  LearnedBlock learned;
  learned.sites.fill(std::make_shared<LearnableSite>());
  learned.sites[0] = std::make_shared<LearnableSite>(site);
  return learned.parameter_groups(settings);
}

StepObserver check_steps(QuantCase& c, const ParameterSet& parameters, int64_t steps) {
  return [&c, &parameters, steps](int64_t step, bool updated) {
    if (step == 0 && !updated) parameters.expect_gradients(c);
    if (step == 0 && updated) parameters.expect_values(c, "after1");
    if (step == steps - 1 && updated) parameters.expect_values(c, fmt::format("after{}", steps));
  };
}

void expect_trace(QuantCase& c, const TrainingTrace& trace) {
  const auto steps = static_cast<int64_t>(trace.losses.size());
  at::Tensor losses = at::tensor(trace.losses, at::kDouble);
  const auto num_parts = static_cast<int64_t>(trace.parts[0].size());
  if (num_parts > 0) {
    at::Tensor table = at::empty({steps, 1 + num_parts}, at::kDouble);
    table.select(1, 0).copy_(losses);
    for (int64_t k = 0; k < steps; ++k)
      for (int64_t i = 0; i < num_parts; ++i)
        table[k][1 + i] = trace.parts[static_cast<size_t>(k)][static_cast<size_t>(i)];
    losses = table;
  }
  c.expect("losses", losses);
  std::vector<at::Tensor> rates;
  for (const auto& row : trace.learning_rates) rates.push_back(at::tensor(row, at::kDouble));
  c.expect("lr_per_group", at::stack(rates));
}

}  // namespace freeact
