// Trainable parameters of a training case, by the reference's names.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "calibration/learned_block.h"
#include "verify/quant_case.h"

namespace freeact {

class ParameterSet {
 public:
  // Leaves from the inputs PREFIX*; the names here are without the prefix.
  ParameterSet(const QuantCase& c, const std::string& prefix);

  bool has(const std::string& name) const { return leaves_.count(name) > 0; }
  at::Tensor get(const std::string& name) const;  // undefined when absent

  // FlatQuant's matrix under a module's name: side "" (single), "_left" or "_right" of a Kronecker pair.
  std::shared_ptr<LearnableMatrix> matrix(const std::string& module, const std::string& side = "") const;
  LearnableKronecker kronecker(const std::string& module) const;
  LearnedClip clip(const std::string& name) const;  // NAME_max, NAME_min

  // Gradients against grad1.*, values against STAGE.*.
  void expect_gradients(QuantCase& c) const;
  void expect_values(QuantCase& c, const std::string& stage) const;

 private:
  std::map<std::string, at::Tensor> leaves_;
};

// The parameter groups of a learned block that holds this one site, in the reference's order.
std::vector<ParameterGroup> groups_of(const LearnableSite& site, const TrainerSettings& settings);

// Checks gradients of the first step and values after the first and the last one.
StepObserver check_steps(QuantCase& c, const ParameterSet& parameters, int64_t steps);
void expect_trace(QuantCase& c, const TrainingTrace& trace);

}  // namespace freeact
