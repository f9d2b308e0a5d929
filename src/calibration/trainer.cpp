#include "calibration/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/ranges.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>

namespace freeact {
namespace {

constexpr double kWarmupStart = 0.01;
constexpr int64_t kWarmupSteps = 16;
constexpr int kMaxRescues = 3;
constexpr double kRescueFactor = 0.5;    // of the learning rate
constexpr double kExplosionFactor = 10;  // of the first loss
constexpr int64_t kExplosionSteps = 5;   // on end
constexpr double kRiseFactor = 1.05;     // of the first loss in the end: worth a word
constexpr double kFailureFactor = 2;     // likewise: a failure

std::unique_ptr<torch::optim::AdamW> make_optimiser(const std::vector<ParameterGroup>& groups,
                                                    const TrainerSettings& settings) {
  std::vector<torch::optim::OptimizerParamGroup> torch_groups;
  for (const auto& group : groups) {
    auto options = std::make_unique<torch::optim::AdamWOptions>(group.learning_rate);
    options->weight_decay(settings.weight_decay);
    torch_groups.emplace_back(group.parameters, std::move(options));
  }
  return std::make_unique<torch::optim::AdamW>(torch_groups, torch::optim::AdamWOptions(settings.learning_rate));
}

std::vector<double> base_rates(const std::vector<ParameterGroup>& groups) {
  std::vector<double> rates;
  for (const auto& group : groups) rates.push_back(group.learning_rate);
  return rates;
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

ParameterState::ParameterState(const std::vector<ParameterGroup>& groups) {
  for (const auto& group : groups)
    for (const auto& parameter : group.parameters) {
      parameters_.push_back(parameter);
      values_.push_back(parameter.detach().clone());
    }
}

void ParameterState::restore() const {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < values_.size(); ++i) parameters_[i].copy_(values_[i]);
}

namespace {

// Without the sign that a NaN may carry.
std::string written(double loss) {
  return std::isnan(loss) ? "nan" : fmt::format("{:.3g}", loss);
}

// The parameter groups that hold a NaN or an infinity, "transforms, scales"; "" for none.
std::string names_not_finite(const std::vector<ParameterGroup>& groups) {
  std::vector<std::string> names;
  for (const auto& group : groups)
    if (std::any_of(group.parameters.begin(), group.parameters.end(),
                    [](const at::Tensor& p) { return !p.isfinite().all().item<bool>(); }))
      names.push_back(group.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// One training with all that it needs to go back.
class Training {
 public:
  Training(const std::vector<ParameterGroup>& groups, int64_t num_batches, const TrainerSettings& settings,
           const std::function<Loss(int64_t batch)>& loss_of_batch, const StepObserver& on_step,
           const std::function<void()>& on_rescue)
      : groups_(groups),
        num_batches_(num_batches),
        settings_(settings),
        loss_of_batch_(loss_of_batch),
        on_step_(on_step),
        on_rescue_(on_rescue),
        optimiser_(make_optimiser(groups, settings)),
        schedule_(base_rates(groups), settings.epochs * num_batches, settings.learning_rate * settings.min_lr_factor,
                  settings.warmup),
        first_{ParameterState(groups), schedule_, 0, std::numeric_limits<double>::infinity()},
        best_(first_) {}

  TrainingTrace run() {
    std::string fault = attempt();
    while (!fault.empty() && rescue(fault)) fault = attempt();
    if (!fault.empty()) give_up(fault);
    return std::move(trace_);
  }

 private:
  // The end of an epoch, or the start of all.
  struct Place {
    ParameterState state;
    CosineSchedule schedule;
    size_t epochs;  // done
    double loss;    // mean over its last epoch
  };

  // Trains from where it stands to the end. What went astray, "" for nothing.
  std::string attempt() {
    const at::AutoGradMode enable_gradients(true);
    try {
      while (std::ssize(trace_.epoch_losses) < settings_.epochs && !trace_.stopped_early)
        if (std::string fault = run_epoch(); !fault.empty()) return fault;
      if (settings_.keep_best) best_.state.restore();
      trace_.loss_end = loss_now();
      if (ends_well()) return note_rise();
      return fmt::format("the loss in the end is {}, at the start {}", written(trace_.loss_end),
                         written(trace_.loss_start));
    } catch (const c10::LinAlgError&) {
      return "a matrix could not be inverted";
    }
  }

  std::string run_epoch() {
    for (int64_t batch = 0; batch < num_batches_; ++batch)
      if (std::string fault = step(batch); !fault.empty()) return fault;
    if (const std::string names = names_not_finite(groups_); !names.empty())
      return fmt::format("not all {} are finite", names);
    const auto last = trace_.losses.end() - num_batches_;
    const double mean = std::accumulate(last, trace_.losses.end(), 0.0) / static_cast<double>(num_batches_);
    trace_.epoch_losses.push_back(mean);
    const size_t epochs = trace_.epoch_losses.size();
    if (mean < best_.loss) best_ = {ParameterState(groups_), schedule_, epochs, mean};
    trace_.stopped_early = settings_.patience > 0 && std::cmp_greater_equal(epochs - best_.epochs, settings_.patience);
    return "";
  }

  std::string step(int64_t batch) {
    const auto index = std::ssize(trace_.losses);
    std::vector<double> rates = schedule_.rates();
    for (double& rate : rates) rate *= rate_factor_;
    set_rates(*optimiser_, rates);
    const Loss loss = loss_of_batch_(batch);
    const double value = loss.total.item<double>();
    if (index == 0) trace_.loss_start = value;
    if (!std::isfinite(value)) return not_finite(value);
    trace_.losses.push_back(value);
    if (explodes()) return fmt::format("the loss grew to {:.3g} from {:.3g}", value, trace_.losses[0]);
    trace_.learning_rates.push_back(rates);
    trace_.parts.emplace_back();
    for (const auto& part : loss.parts) trace_.parts.back().push_back(part.item<double>());
    optimiser_->zero_grad();
    // A relative loss: blocks with large outputs do not learn faster. At a loss of 0 there is nothing to learn.
    if (value != 0) (loss.total / loss.total.detach()).backward();
    if (on_step_) on_step_(index, false);
    optimiser_->step();
    if (on_step_) on_step_(index, true);
    schedule_.step();
    return "";
  }

  std::string not_finite(double loss) const {
    const std::string names = names_not_finite(groups_);
    return "the loss is " + written(loss) + (names.empty() ? "" : fmt::format(", not all {} are finite", names));
  }

  bool explodes() const {
    const auto& losses = trace_.losses;
    return std::ssize(losses) > kExplosionSteps &&
           std::all_of(losses.end() - kExplosionSteps, losses.end(),
                       [&](double loss) { return loss > kExplosionFactor * losses[0]; });
  }

  // A little worse than the start is no fault, but no secret either. Always "".
  std::string note_rise() {
    if (trace_.loss_end > kRiseFactor * trace_.loss_start)
      trace_.warnings.push_back(
          fmt::format("the loss of the first batch rose from {:.4g} to {:.4g}", trace_.loss_start, trace_.loss_end));
    return "";
  }

  bool ends_well() const {
    return std::isfinite(trace_.loss_end) && !(trace_.loss_end > kFailureFactor * trace_.loss_start);
  }

  bool rescue(const std::string& fault) {
    if (trace_.rescues == kMaxRescues) return false;
    ++trace_.rescues;
    // Where nothing was done since the best place, its own parameters went astray; from where a rescue led nowhere, the
    // next one does not start again.
    const bool spoilt = best_.epochs * static_cast<size_t>(num_batches_) == trace_.losses.size();
    if (spoilt || rescued_to_ == best_.epochs) best_ = first_;
    rescued_to_ = best_.epochs;
    rate_factor_ *= kRescueFactor;
    trace_.warnings.push_back(fmt::format("after {} steps: {}; back to {}, learning rate times {:.3g}",
                                          trace_.losses.size(), fault, best_place(), rate_factor_));
    go_back();
    if (on_rescue_) on_rescue_();
    return true;
  }

  void give_up(const std::string& fault) {
    trace_.warnings.push_back(fmt::format("after {} steps: {}; gave up after {} rescues, {} is kept",
                                          trace_.losses.size(), fault, trace_.rescues, best_place()));
    go_back();
    trace_.loss_end = safe_loss_now();
    if (!ends_well() && best_.epochs > 0) {
      trace_.warnings.push_back(fmt::format("its loss is {}: the start is kept", written(trace_.loss_end)));
      best_ = first_;
      go_back();
      trace_.loss_end = safe_loss_now();
    }
    trace_.usable = std::isfinite(trace_.loss_end);
  }

  void go_back() {
    const size_t steps = best_.epochs * static_cast<size_t>(num_batches_);
    best_.state.restore();
    schedule_ = best_.schedule;
    optimiser_ = make_optimiser(groups_, settings_);  // its moments may hold what went astray
    trace_.epoch_losses.resize(best_.epochs);
    trace_.losses.resize(steps);
    trace_.parts.resize(steps);
    trace_.learning_rates.resize(steps);
    trace_.stopped_early = false;
  }

  std::string best_place() const {
    return best_.epochs == 0 ? "the start" : fmt::format("the end of epoch {}", best_.epochs);
  }

  double loss_now() const {
    const at::NoGradGuard no_grad;
    return loss_of_batch_(0).total.item<double>();
  }

  double safe_loss_now() const {
    try {
      return loss_now();
    } catch (const c10::LinAlgError&) {
      return std::numeric_limits<double>::quiet_NaN();
    }
  }

  const std::vector<ParameterGroup>& groups_;
  const int64_t num_batches_;
  const TrainerSettings& settings_;
  const std::function<Loss(int64_t batch)>& loss_of_batch_;
  const StepObserver& on_step_;
  const std::function<void()>& on_rescue_;
  std::unique_ptr<torch::optim::AdamW> optimiser_;
  CosineSchedule schedule_;
  double rate_factor_ = 1;
  std::optional<size_t> rescued_to_;  // epochs done where the last rescue led
  const Place first_;
  Place best_;
  TrainingTrace trace_;
};

}  // namespace

TrainingTrace train(const std::vector<ParameterGroup>& groups, int64_t num_batches, const TrainerSettings& settings,
                    const std::function<Loss(int64_t batch)>& loss_of_batch, const StepObserver& on_step,
                    const std::function<void()>& on_rescue) {
  return Training(groups, num_batches, settings, loss_of_batch, on_step, on_rescue).run();
}

}  // namespace freeact
