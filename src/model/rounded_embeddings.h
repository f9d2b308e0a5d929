// Embedding and head in few bits, whatever the method of the blocks between them. Letters: V vocabulary rows, D width.
#pragma once

#include "model/decoder.h"
#include "quant/quantised_site.h"

namespace freeact {

// The rows [V, D] rounded to nearest on a symmetric grid with a float32 scale each; as they are with 16 bits.
QuantisedLinear quantise_rows(const at::Tensor& weight_VD, int bits);

// The decoder with its embedding and head on that grid, in their own type; itself with 16 bits. A head that is tied to
// the embedding stays so.
Decoder with_rounded_embeddings(Decoder decoder, int bits);

}  // namespace freeact
