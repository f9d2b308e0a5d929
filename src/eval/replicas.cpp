#include "eval/replicas.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "util/error.h"
#include "util/side_by_side.h"

namespace freeact {

Replicas::Replicas(const std::vector<Decoder>& models) {
  FREEACT_CHECK(!models.empty(), "no model to ask");
  for (const Decoder& model : models) models_.push_back(&model);
}

void Replicas::for_each(size_t count, const std::function<void(const Decoder& model, size_t i)>& work) const {
  const auto step = [&](size_t worker, size_t i) {
    const at::NoGradGuard no_grad;
    work(*models_[worker], i);
  };
  if (models_.size() == 1) {
    for (size_t i = 0; i < count; ++i) step(0, i);
  } else {
    run_side_by_side(count, models_.size(), step, [] { at::set_num_threads(1); });
  }
}

}  // namespace freeact
