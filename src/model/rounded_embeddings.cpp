#include "model/rounded_embeddings.h"

#include <ATen/ATen.h>

namespace freeact {

QuantisedLinear quantise_rows(const at::Tensor& weight_VD, int bits) {
  const Grid grid = {bits};
  return quantise_linear(grid.is_float() ? weight_VD : weight_VD.to(at::kFloat), {}, grid);
}

Decoder with_rounded_embeddings(Decoder decoder, int bits) {
  if (Grid{bits}.is_float()) return decoder;
  const auto rounded = [&](const at::Tensor& weight_VD) {
    return quantise_rows(weight_VD, bits).weight().to(weight_VD.scalar_type());
  };
  decoder.embedding = rounded(decoder.embedding);
  decoder.head.weight = decoder.config.tied_head ? decoder.embedding : rounded(decoder.head.weight);
  return decoder;
}

}  // namespace freeact
