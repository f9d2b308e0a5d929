// Whether integer kernels compute the very numbers that they stand for. A wrong kernel is not timed. Letters: M tokens,
// K input width, O outputs.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernel/cpu/packed_weight.h"
#include "kernel/cpu/quantised_rows.h"
#include "quant/quantiser.h"
#include "quant/site.h"

namespace freeact {

// All throw Defect naming the first difference.

// The codes and scales of rows are, bit for bit, those of values z [M, K] on a symmetric grid.
void check_rows(const QuantisedRows& rows, const at::Tensor& z_MK, const Grid& grid);

// products int32 [M, O] equal the float product of activation codes [M, K] and unsigned weight codes [O, K], which is
// exact below 2^24.
void check_products(const at::Tensor& products_MO, const at::Tensor& codes_MK, const at::Tensor& unsigned_OK);

// y equals the reference up to the rounding of float sums: 1e-5 of the reference's largest magnitude.
void check_close(const at::Tensor& y, const at::Tensor& reference, const char* what);

}  // namespace freeact
