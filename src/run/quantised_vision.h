// A model whose tower that sees images is quantised, whatever the method of the language model.
#pragma once

#include <memory>

#include "config/experiment.h"
#include "prompt/loaded_model.h"

namespace freeact {

// The linears of the tower rounded to nearest, weights by output row and activations by token, with the bits and the
// symmetry of `quant`; everything else is shared with the model, whose own tower stays as it is. The model itself where
// the tower keeps 16 bits. Throws as check_vision_bits().
std::shared_ptr<const LoadedModel> with_quantised_vision(const std::shared_ptr<const LoadedModel>& model,
                                                         const QuantConfig& quant);

// Throws UserError when there is no tower to quantise.
void check_vision_bits(const LoadedModel& model, const QuantConfig& quant);

}  // namespace freeact
