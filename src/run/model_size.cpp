#include "run/model_size.h"

#include "artefact/saved_folder.h"
#include "run/saved_model.h"
#include "util/error.h"

namespace freeact {
namespace {

// Folders keep in float32 what bfloat16 does not hold exactly; a method that rotates an embedding is no larger for
// that.
int64_t bytes_in_16_bits(const StoredTensor& tensor) {
  if (!at::isFloatingType(tensor.dtype)) return tensor.bytes();
  return tensor.bytes() / static_cast<int64_t>(c10::elementSize(tensor.dtype)) * 2;
}

}  // namespace

std::optional<int64_t> model_bytes(const Experiment& experiment, const Decoder& decoder, const LoadedModel& loaded,
                                   const CheckpointFolder& source) try {
  if (experiment.method.name == "none") return bfloat16_bytes(source);
  const Family& family = find_family(experiment.model.family, source.config());
  int64_t bytes = 0;
  for (const auto& tensor : tensor_table({decoder, family.modules, loaded.vision.get(), saved_format(experiment)}))
    bytes += bytes_in_16_bits(tensor);
  return bytes;
} catch (const UserError&) {
  return std::nullopt;
}

}  // namespace freeact
