#include "quant/type_branch.h"

#include <ATen/ATen.h>

#include "ops/ops.h"
#include "quant/site.h"
#include "util/error.h"

namespace freeact {

at::Tensor TypeBranch::coefficients(const at::Tensor& x_BTD, const at::Tensor& types_BT) const {
  FREEACT_CHECK(types_BT.defined(), "directions of a token type need the token types of the batch");
  const at::Tensor own = types_BT.unsqueeze(-1) == owner_R;
  return at::matmul(x_BTD, read_DR) * own.to(x_BTD.scalar_type());
}

TypeBranch TypeBranch::orthonormal(const std::vector<at::Tensor>& bases) {
  std::vector<at::Tensor> owners;
  for (size_t type = 0; type < bases.size(); ++type)
    owners.push_back(
        at::full({bases[type].size(1)}, static_cast<int64_t>(type), bases[type].options().dtype(at::kLong)));
  const at::Tensor all = at::cat(bases, 1);
  return {all, all.t().contiguous(), at::cat(owners), {}};
}

TypeBranch TypeBranch::on_device(at::Device device) const {
  TypeBranch moved = {freeact::on_device(read_DR, device),
                      freeact::on_device(write_RD, device),
                      freeact::on_device(owner_R, device),
                      {}};
  for (const at::Tensor& product : products_RO) moved.products_RO.push_back(product.to(device));
  return moved;
}

TypeBranch TypeBranch::in_basis(const at::Tensor& scale_D, const at::Tensor& basis,
                                const at::Tensor& basis_inverse_t) const {
  TypeBranch moved = *this;
  at::Tensor read_RD = read_DR.t();
  if (scale_D.defined()) {
    read_RD = read_RD / scale_D;
    moved.write_RD = moved.write_RD * scale_D;
  }
  if (basis.defined()) {
    read_RD = kronecker_apply(read_RD, {}, basis_inverse_t);
    moved.write_RD = kronecker_apply(moved.write_RD, {}, basis);
  }
  moved.read_DR = read_RD.t().contiguous();
  return moved;
}

}  // namespace freeact
