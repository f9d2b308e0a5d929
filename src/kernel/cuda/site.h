// A quantised site that computes with its integers on a CUDA device.
#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "quant/quantised_site.h"

namespace freeact {

// The site's function with integer products on the device: equal to QuantisedSite::forward up to the final float
// scaling. Codes are those of the CPU bit for bit, unless the site has a branch: what goes past the quantiser is a
// product of PyTorch's. x may be float32 or bfloat16, and outputs have its type; the arithmetic in between is float32.
// Inputs that lie elsewhere are copied to the device, and their outputs back.
//
// Null when there is nothing to compute with integers, or no kernel: one of the grids is float (16 bit) or has more
// than 8 bits. Throws EnvironmentError without a device.
std::shared_ptr<const Site> cuda_site(const std::shared_ptr<const QuantisedSite>& site, at::Device device);

}  // namespace freeact
