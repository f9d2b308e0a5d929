// A linear under the names of compressed-tensors: NAME.weight_packed, weight_scale, weight_zero_point, weight_shape and
// bias; NAME.weight where the weights stay in 16 bits. Letters: O outputs, K inputs, G groups of inputs with a scale
// each.
#pragma once

#include <string>

#include "artefact/stored_tensor.h"
#include "artefact/tensor_source.h"
#include "quant/quantised_site.h"

namespace freeact {

// The activation's clip is none of the linear's tensors. Throws UserError naming what the format has no place for.
void add_linear(TensorTable& table, const std::string& name, const QuantisedLinear& linear, const Grid& grid);

struct LinearShape {
  int64_t outputs = 0, inputs = 0;
};
// Throws UserError where tensors are missing or of other shapes or types.
QuantisedLinear load_linear(TensorSource& source, const std::string& name, const LinearShape& shape, const Grid& grid);

}  // namespace freeact
