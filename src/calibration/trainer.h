// The training loop that every learning method shares: AdamW, cosine per step, batches in fixed order, the gradient of
// loss / stop_gradient(loss). Source: FlatQuant, train_utils.py (cali_flat_quant). What FlatQuant lacks: a training
// that goes astray is set back instead of running on with NaN, and says so; one that does not is left exactly as it is.
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
  int patience = 0;             // stops after this many epochs without a lower mean loss; 0: never
  bool keep_best = false;       // ends at the epoch of least mean loss; FlatQuant ends at the last
};

struct ParameterGroup {
  std::string name;
  std::vector<at::Tensor> parameters;
  double learning_rate;
};

// The values that all parameters had at one moment.
class ParameterState {
 public:
  explicit ParameterState(const std::vector<ParameterGroup>& groups);
  void restore() const;  // writes them back in place

 private:
  std::vector<at::Tensor> parameters_, values_;
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

// Of the steps that led to the end; steps that a rescue undid are left out.
struct TrainingTrace {
  std::vector<double> losses;                       // total per step
  std::vector<std::vector<double>> parts;           // per step, what the total adds up from (one per token type)
  std::vector<std::vector<double>> learning_rates;  // per step and group, as used at that step
  std::vector<double> epoch_losses;                 // mean over the steps of each epoch
  double loss_start = 0, loss_end = 0;              // of batch 0, before and after; NaN: not finite
  int rescues = 0;
  bool stopped_early = false;         // patience ran out
  bool usable = true;                 // false: not even at the start is the loss finite
  std::vector<std::string> warnings;  // a line for everything that went astray
};

// The loss of one batch: the total that is minimised, and the parts for the trace.
struct Loss {
  at::Tensor total;
  std::vector<at::Tensor> parts;
};

// Runs epochs * num_batches steps; batches in sequence, no shuffling. on_step(k), if given, is called after step k's
// backward pass and again after its update with updated = true.
//
// A loss or parameters that are not finite, a matrix that cannot be inverted (c10::LinAlgError) or a loss above 10
// times the first for 5 steps on end, or twice the first in the end: the training goes back to the end of its best
// epoch (or the start), halves its learning rate and calls on_rescue, if given; after 3 such rescues it ends there. It
// never ends in parameters whose loss is not finite unless those of the start are so (usable = false).
using StepObserver = std::function<void(int64_t step, bool updated)>;
TrainingTrace train(const std::vector<ParameterGroup>& groups, int64_t num_batches, const TrainerSettings& settings,
                    const std::function<Loss(int64_t batch)>& loss_of_batch, const StepObserver& on_step = nullptr,
                    const std::function<void()>& on_rescue = nullptr);

// Mean squared error over all elements; with weights [B, T] the weighted mean over tokens of each token's mean over O,
// 0 where the weights add up to 0. y, target [B, T, O].
Loss mean_squared_loss(const at::Tensor& y, const at::Tensor& target, const at::Tensor& weights_BT = {});
// FreeAct's loss: the SUM over token types of the mean squared error over that type's tokens; an absent type adds 0.
// relative: each type's is divided by the mean square of its targets. y, target [B, T, O]; types, weights [B, T]; with
// weights both means are weighted.
Loss type_sum_loss(const at::Tensor& y, const at::Tensor& target, const at::Tensor& types_BT, int64_t num_types,
                   bool relative = false, const at::Tensor& weights_BT = {});

}  // namespace freeact
