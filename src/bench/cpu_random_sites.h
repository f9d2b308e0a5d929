// Decoders with random weights at W4A4, as FreeAct leaves them: orthogonal Kronecker factors, slices by token type,
// 4-bit codes. Letters: L, R sizes of the factors, N token types, D width of a site.
#pragma once

#include <cstdint>

#include "model/decoder.h"
#include "quant/quantised_site.h"

namespace freeact {

struct KroneckerFactors {
  at::Tensor left, right;  // [L, L], [R, R], orthogonal
};
// L R = width, as close to a square as can be, L not above R.
KroneckerFactors random_factors(int64_t width, uint64_t seed);

// keep [N, D]: each type owns 1/32 of the width (PAPER's setting); all kept where there is one type.
at::Tensor published_slices(int64_t width, int64_t num_types);

TransformChain make_chain(const KroneckerFactors& factors, const at::Tensor& keep_ND);

// A site of the block at W4A4 with random transforms; one of floats on the integer grid.
std::shared_ptr<const QuantisedSite> random_quantised_site(const Block& block, SiteId id, int64_t num_types,
                                                           uint64_t seed);

// The model with every site so quantised: simulated, and on the integer kernels. Other parts are shared.
struct QuantisedPair {
  Decoder simulated, integer;
};
QuantisedPair random_quantised(const Decoder& model, uint64_t seed);

// Throws Defect unless both compute the same outputs of x [B, T, D] up to the rounding of float sums.
void check_site(const Site& simulated, const Site& integer, const at::Tensor& x_BTD, const at::Tensor& types_BT);

}  // namespace freeact
