#include "method/freeact/penrose.h"

#include <ATen/ATen.h>

namespace freeact {
namespace {

at::Tensor row_space_projector(const at::Tensor& rows) {
  return at::matmul(at::linalg_pinv(rows, 1e-12), rows);
}

}  // namespace

PenroseSolution penrose_solution(const at::Tensor& x, const at::Tensor& w, const at::Tensor& z) {
  const at::Tensor px = row_space_projector(x), pw = row_space_projector(w);
  const at::Tensor identity = at::eye(z.size(0), z.options());
  return {px, pw, z - at::matmul(at::matmul(px, z - identity), pw)};
}

}  // namespace freeact
