// A frozen Llama in Dream's form with what is trained on it: a low-rank addition to every linear, and the embedding of
// [MASK]. Letters: D width, M predicted positions.
#pragma once

#include "checkpoint/folder.h"
#include "embedded/lora.h"
#include "embedded/packing.h"

namespace freeact {

class AdaptedModel {
 public:
  // mask_id: the first id that the base's tokenizer leaves free. dtype: of frozen weights and activations.
  AdaptedModel(const CheckpointFolder& base, int64_t mask_id, const LoraSettings& settings, at::ScalarType dtype);

  // What is trained, in float32, with gradients: the factors of attach_lora(), and "mask".
  const TensorMap& parameters() const { return parameters_; }

  // Cross-entropy [M] at the predicted positions of the batch.
  at::Tensor losses(const PackedBatch& batch) const;

  const DecoderConfig& config() const { return decoder_.config; }
  // The model as it is now, for evaluation.
  const Decoder& snapshot();

  // What is trained, under published names in bfloat16: MODULE.lora_A.weight [R, D], MODULE.lora_B.weight [O, R] and
  // mask_embedding [D].
  TensorMap adapter() const;

  // Goes on from an adapter file of the same rank and scale instead of from nothing; before any training.
  void start_from(const SafetensorsFile& adapter);

 private:
  at::Tensor mask_embedding() const;

  Decoder decoder_;
  TensorMap parameters_;
  at::Tensor mask_start_;  // [D]
};

}  // namespace freeact
