// Directions of a site's input that belong to one token type each and go past its quantiser: they are taken out of the
// activation before its range is, and either dropped or multiplied with the float weights and added again (beyond the
// paper: E2 and E3 of what lowers FreeAct's error). Letters: B batch, T tokens, D width, R directions of all types
// together, O outputs.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace freeact {

struct TypeBranch {
  // x -> x - (x read) write, over the directions of the token's own type; write read = I for those of one type.
  at::Tensor read_DR, write_RD;
  at::Tensor owner_R;                   // int64, the token type of each direction
  std::vector<at::Tensor> products_RO;  // write W^T of each linear of the site; empty: the directions are dropped

  bool empty() const { return !read_DR.defined() || read_DR.size(1) == 0; }
  // What a token holds of each direction, 0 of those of other types: [B, T, R].
  at::Tensor coefficients(const at::Tensor& x_BTD, const at::Tensor& types_BT) const;

  TypeBranch on_device(at::Device device) const;

  // Orthonormal columns bases[t] [D, r_t] for every type t; r_t may be 0.
  static TypeBranch orthonormal(const std::vector<at::Tensor>& bases);
  // The same directions where the input arrives as x diag(scale) kron(I, basis) instead of x; either may be undefined.
  TypeBranch in_basis(const at::Tensor& scale_D, const at::Tensor& basis, const at::Tensor& basis_inverse_t) const;
};

}  // namespace freeact
