// The training loop that every learning method shares: AdamW, cosine per step, batches in fixed order, the gradient of
// loss / stop_gradient(loss). Source: FlatQuant, train_utils.py (cali_flat_quant).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

namespace freeact {

struct TrainerSettings {
  int epochs = 15;
  double learning_rate = 5e-3;  // of transforms and scales
  double clip_lr_factor = 10;   // clip factors learn this much faster
  double min_lr_factor = 1e-3;  // the cosine ends at learning_rate times this, the same number for all groups
  double weight_decay = 0.01;   // PyTorch's AdamW default, applied to every group
  bool warmup = false;          // LinearLR from 0.01 over 16 steps, chained before the cosine
};

struct ParameterGroup {
  std::string name;
  std::vector<at::Tensor> parameters;
  double learning_rate;
};

// PyTorch's CosineAnnealingLR in its recursive form, optionally chained after LinearLR(start_factor 0.01, 16
// iterations).
class CosineSchedule {
 public:
  CosineSchedule(std::vector<double> rates, int64_t total_steps, double minimum, bool warmup);
  const std::vector<double>& rates() const { return rates_; }
  void step();

 private:
  std::vector<double> rates_, bases_;
  int64_t total_, step_ = 0;
  double minimum_;
  bool warmup_;
};

struct TrainingTrace {
  std::vector<double> losses;                       // total per step
  std::vector<std::vector<double>> parts;           // per step, what the total adds up from (one per token type)
  std::vector<std::vector<double>> learning_rates;  // per step and group, as used at that step
};

// The loss of one batch: the total that is minimised, and the parts for the trace.
struct Loss {
  at::Tensor total;
  std::vector<at::Tensor> parts;
};

// Runs epochs * num_batches steps; batches in sequence, no shuffling. on_step(k), if given, is called after step k's
// backward pass and again after its update with updated = true.
using StepObserver = std::function<void(int64_t step, bool updated)>;
TrainingTrace train(const std::vector<ParameterGroup>& groups, int64_t num_batches, const TrainerSettings& settings,
                    const std::function<Loss(int64_t batch)>& loss_of_batch, const StepObserver& on_step = nullptr);

// Mean squared error over all elements.
Loss mean_squared_loss(const at::Tensor& y, const at::Tensor& target);
// FreeAct's loss: the SUM over token types of the mean squared error over that type's tokens; an absent type adds 0.
// relative: each type's is divided by the mean square of its targets. y, target [B, T, O]; types [B, T].
Loss type_sum_loss(const at::Tensor& y, const at::Tensor& target, const at::Tensor& types_BT, int64_t num_types,
                   bool relative = false);

}  // namespace freeact
