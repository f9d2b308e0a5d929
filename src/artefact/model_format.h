// A whole quantised model as tensors and back. docs/quantised_format.md lists the names.
#pragma once

#include <memory>
#include <string>

#include "artefact/format.h"
#include "artefact/stored_tensor.h"
#include "checkpoint/folder.h"
#include "model/family.h"

namespace freeact {

// What is saved. Sites, norms and keys' and values' paths of the decoder are as they run; embedding and head are still
// in the type the model computes in, whatever the format's embedding_bits, which with_rounded_embeddings() rounds in a
// model that runs.
struct ModelToSave {
  const Decoder& decoder;
  const ModuleNames& modules;
  const VisionTower* vision = nullptr;  // null for models of text
  SavedFormat format;
};

// Throws UserError naming what the format has no place for.
TensorTable tensor_table(const ModelToSave& model);
SavedModules saved_modules(const ModelToSave& model);

struct SavedNetwork {
  Decoder decoder;  // its blocks have sites and no float weights
  std::unique_ptr<VisionTower> vision;
  nlohmann::json made_by;
};
// family may be empty (see find_family). Throws UserError on whatever the folder lacks or has too much, and when dtype
// is not what the saved model computes in.
SavedNetwork load_saved_network(const CheckpointFolder& folder, const std::string& family, at::ScalarType dtype);

}  // namespace freeact
