#include "calibration/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <numbers>

namespace freeact {
namespace {

constexpr double kWarmupStart = 0.01;
constexpr int64_t kWarmupSteps = 16;

torch::optim::AdamW make_optimiser(const std::vector<ParameterGroup>& groups, const TrainerSettings& settings) {
  std::vector<torch::optim::OptimizerParamGroup> torch_groups;
  for (const auto& group : groups) {
    auto options = std::make_unique<torch::optim::AdamWOptions>(group.learning_rate);
    options->weight_decay(settings.weight_decay);
    torch_groups.emplace_back(group.parameters, std::move(options));
  }
  return torch::optim::AdamW(torch_groups, torch::optim::AdamWOptions(settings.learning_rate));
}

void set_rates(torch::optim::AdamW& optimiser, const std::vector<double>& rates) {
  for (size_t i = 0; i < rates.size(); ++i) optimiser.param_groups()[i].options().set_lr(rates[i]);
}

}  // namespace

CosineSchedule::CosineSchedule(std::vector<double> rates, int64_t total_steps, double minimum, bool warmup)
    : rates_(std::move(rates)), bases_(rates_), total_(total_steps), minimum_(minimum), warmup_(warmup) {
  if (warmup_)
    for (double& rate : rates_) rate *= kWarmupStart;
}

void CosineSchedule::step() {
  ++step_;
  const auto t = static_cast<double>(step_), total = static_cast<double>(total_);
  for (size_t i = 0; i < rates_.size(); ++i) {
    double& rate = rates_[i];
    if (warmup_ && step_ <= kWarmupSteps) {
      const double rise = 1.0 - kWarmupStart;
      rate *= 1.0 + rise / (static_cast<double>(kWarmupSteps) * kWarmupStart + (t - 1) * rise);
    }
    const double angle = std::numbers::pi / total;
    if ((step_ - 1 - total_) % (2 * total_) == 0)
      rate += (bases_[i] - minimum_) * (1 - std::cos(angle)) / 2;
    else
      rate = (1 + std::cos(angle * t)) / (1 + std::cos(angle * (t - 1))) * (rate - minimum_) + minimum_;
  }
}

TrainingTrace train(const std::vector<ParameterGroup>& groups, int64_t num_batches, const TrainerSettings& settings,
                    const std::function<Loss(int64_t batch)>& loss_of_batch, const StepObserver& on_step) {
  const at::AutoGradMode enable_gradients(true);
  auto optimiser = make_optimiser(groups, settings);
  std::vector<double> rates;
  for (const auto& group : groups) rates.push_back(group.learning_rate);
  const int64_t steps = settings.epochs * num_batches;
  CosineSchedule schedule(rates, steps, settings.learning_rate * settings.min_lr_factor, settings.warmup);
  TrainingTrace trace;
  for (int64_t step = 0; step < steps; ++step) {
    set_rates(optimiser, schedule.rates());
    const Loss loss = loss_of_batch(step % num_batches);
    trace.losses.push_back(loss.total.item<double>());
    trace.learning_rates.push_back(schedule.rates());
    trace.parts.emplace_back();
    for (const auto& part : loss.parts) trace.parts.back().push_back(part.item<double>());
    optimiser.zero_grad();
    (loss.total / loss.total.detach()).backward();  // a relative loss: blocks with large outputs do not learn faster
    if (on_step) on_step(step, false);
    optimiser.step();
    if (on_step) on_step(step, true);
    schedule.step();
  }
  return trace;
}

Loss mean_squared_loss(const at::Tensor& y, const at::Tensor& target) {
  return {at::mse_loss(y, target), {}};
}

Loss type_sum_loss(const at::Tensor& y, const at::Tensor& target, const at::Tensor& types_BT, int64_t num_types,
                   bool relative) {
  Loss loss;
  loss.total = at::zeros({}, y.options().requires_grad(false));
  for (int64_t type = 0; type < num_types; ++type) {
    const at::Tensor chosen = types_BT == type;
    at::Tensor own = at::zeros({}, y.options().requires_grad(false));
    if (chosen.any().item<bool>()) {
      const at::Tensor own_target = target.index({chosen});
      own = at::mse_loss(y.index({chosen}), own_target);
      if (relative) own = own / own_target.square().mean().clamp_min(1e-20);
    }
    loss.parts.push_back(own);
    loss.total = loss.total + own;
  }
  return loss;
}

}  // namespace freeact
