// A site's transforms and its quantiser in one pass over blocks of tokens that stay in the cache. Letters: M tokens, D
// width.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "kernel/cpu/quantised_rows.h"
#include "quant/quantiser.h"
#include "quant/transform.h"

namespace freeact {

// What one linear (or several that clip alike) reads: a QuantisedRows for each piece of the width. Without groups there
// is one piece.
using QuantisedPieces = std::vector<QuantisedRows>;

// The transforms of a site, made ready. Bit for bit the codes of
// fake_quantise_activation(apply_activation(chain, x, types), grid, clip), for any chain, grid of 2 to 8 bits and
// number of tokens. A range that holds an infinity or NaN gets codes 0 and the scale NaN, so that all that is computed
// of it is NaN, as it is in floats.
class TransformQuantise {
 public:
  // pieces: the width is cut into stretches of `piece` channels, which divides D and the grid's groups.
  TransformQuantise(TransformChain chain, const Grid& grid, int64_t width, int64_t piece);

  // x [M, D] float32 on the CPU, types [M] int64, undefined only where neither transforms nor clips ask for them;
  // clips: one for each view that linears have of the activation, factors scalar or [N] by token type. One result per
  // clip. The transforms are computed once. On all threads.
  std::vector<QuantisedPieces> operator()(const at::Tensor& x_MD, const at::Tensor& types_M,
                                          const std::vector<Clip>& clips) const;

 private:
  TransformChain chain_;
  Grid grid_;
  int64_t width_, piece_;
  bool has_rows_;  // every transform can be computed block by block; else the chain is computed for all tokens first
};

}  // namespace freeact
