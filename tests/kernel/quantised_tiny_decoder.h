// What a method of the table makes of the tiny decoder.
#pragma once

#include <ATen/core/grad_mode.h>

#include <string>

#include "app/methods.h"
#include "calibration/tiny_decoder.h"

namespace freeact {

inline Decoder quantised_tiny_decoder(const std::string& method_name, const Json& settings, const QuantSpec& spec) {
  const auto method = find_method(method_table(), method_name).make(settings, {spec, 1});
  DriverJob job;
  job.calibration = tiny_batches(4);
  Decoder model = tiny_decoder();
  {
    const at::NoGradGuard no_grad;
    method->prepare(model, job.calibration);
  }
  job.calibrate = [&](const Block& block, const std::vector<BlockBatch>& batches) {
    return method->calibrate(block, batches, model.config);
  };
  return calibrate_model(model, job).model;
}

}  // namespace freeact
