// From a site's transforms to the steps of its kernel.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "kernel/cuda/transform_quantise.h"
#include "util/error.h"

namespace freeact {
namespace {

using cuda::Step;

class ProgramBuilder {
 public:
  ProgramBuilder(int64_t width, at::Device device) : width_(width), device_(device) {}

  void multiply_by_table(const at::Tensor& table_ND) {
    Step step;
    step.kind = Step::Kind::kTable;
    step.count = static_cast<int>(table_ND.numel() / width_);
    FREEACT_CHECK(table_ND.numel() == step.count * width_, "a table of {} numbers does not fit the width {}",
                  table_ND.numel(), width_);
    step.data = keep(table_ND);
    add(step);
  }

  void multiply_by_number(float number) {
    Step step;
    step.kind = Step::Kind::kFactor;
    step.factor = number;
    add(step);
  }

  void butterflies(int64_t size, int64_t stride) {
    if (stride >= size) return;
    Step step;
    step.kind = Step::Kind::kButterflies;
    step.order = static_cast<int>(size);
    step.inner = static_cast<int>(stride);
    add(step);
  }

  // Along one axis: y_i = sum_k matrix[k, i] x_k, the axis having `inner` channels behind it.
  void multiply(const at::Tensor& matrix, int64_t inner) {
    const int64_t order = matrix.size(0);
    FREEACT_CHECK(matrix.dim() == 2 && matrix.size(1) == order && width_ % (order * inner) == 0,
                  "a factor of order {} does not fit the width {}", order, width_);
    Step step;
    step.kind = Step::Kind::kProduct;
    step.order = static_cast<int>(order);
    step.inner = static_cast<int>(inner);
    step.data = keep(at::constant_pad_nd(matrix.to(at::kFloat), {0, cuda::matrix_stride(step.order) - order}));
    add(step);
  }

  CudaProgram take() { return std::move(program_); }

 private:
  const float* keep(const at::Tensor& tensor) {
    program_.kept.push_back(tensor.detach().to(device_, at::kFloat).contiguous());
    return program_.kept.back().const_data_ptr<float>();
  }

  void add(const Step& step) {
    FREEACT_CHECK(program_.program.add(step), "a site has more than {} steps", cuda::kMostSteps);
  }

  int64_t width_;
  at::Device device_;
  CudaProgram program_;
};

at::Tensor find(const NamedTensors& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  return found == tensors.end() ? at::Tensor() : found->second;
}

// Largest Sylvester matrix that is multiplied as it is. It decides the order of the sums, so it is that of
// ops/hadamard.cpp.
constexpr int64_t kFirstSteps = 16;

// In the order of HadamardRotation::apply.
void add_hadamard(const NamedTensors& tensors, int64_t width, ProgramBuilder& program) {
  const HadamardRotation rotation(width, find(tensors, "had_k"));
  const int64_t order = rotation.had_k().size(0), inner = width / order, step = std::min(inner, kFirstSteps);
  if (step > 1) program.multiply(hadamard_matrix(step), 1);
  program.butterflies(inner, step);
  if (order > 1) program.multiply(rotation.had_k().t(), inner);
  program.multiply_by_number(static_cast<float>(1 / std::sqrt(static_cast<double>(width))));
}

void add_kronecker(const NamedTensors& tensors, int64_t width, ProgramBuilder& program) {
  const at::Tensor left = find(tensors, "left"), right = find(tensors, "right");
  if (right.defined()) program.multiply(right, 1);
  if (left.defined()) program.multiply(left, width / left.size(0));
}

void add_transform(const Transform& transform, int64_t width, ProgramBuilder& program) {
  const NamedTensors tensors = transform.tensors();
  const std::string kind = transform.kind();
  if (kind == "scale")
    program.multiply_by_table(tensors.at("scale").expand({width}));
  else if (kind == "slices")
    program.multiply_by_table(tensors.at("keep"));
  else if (kind == "hadamard")
    add_hadamard(tensors, width, program);
  else if (kind == "kronecker")
    add_kronecker(tensors, width, program);
  else
    throw UserError("the cuda backend has no transform of the kind '{}'; choose another backend", kind);
}

}  // namespace

CudaProgram make_program(const TransformChain& chain, int64_t width, at::Device device) {
  ProgramBuilder program(width, device);
  for (const auto& transform : chain) add_transform(*transform, width, program);
  return program.take();
}

}  // namespace freeact
