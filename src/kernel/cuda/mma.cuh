// What all products do with their exact sums.
#pragma once

#include "kernel/cuda/intrinsics.cuh"
#include "kernel/cuda/kernels.h"

namespace freeact::cuda {

// The output of an exact sum; see Scaling. Every operation rounds on its own, as on the CPU.
__device__ __forceinline__ float scaled(int sum, int m, int o, const Scaling& s) {
  int64_t exact = sum;
  const int64_t offset = s.offset_o ? s.offset_o[o] : 0;
  if (s.offset_o) exact -= offset * s.sum_m[m];
  if (s.zero_m) exact -= s.zero_m[m] * (s.code_sum_o[o] - s.width * offset);
  const float y = __fmul_rn(__fmul_rn(s.scale_m[m], s.scale_o[o]), static_cast<float>(exact));
  return s.bias_o ? __fadd_rn(y, s.bias_o[o]) : y;
}

__device__ __forceinline__ void store(int sum, int m, int o, int outputs, const Scaling& s, const Output& y) {
  const int64_t at = static_cast<int64_t>(m) * outputs + o;
  if (y.kind == OutputKind::kInt32) {
    static_cast<int32_t*>(y.data)[at] = sum;
  } else if (y.kind == OutputKind::kFloat32) {
    float& to = static_cast<float*>(y.data)[at];
    const float value = scaled(sum, m, o, s);
    to = s.add ? __fadd_rn(to, value) : value;
  } else {
    __nv_bfloat16& to = static_cast<__nv_bfloat16*>(y.data)[at];
    const float value = scaled(sum, m, o, s);
    to = __float2bfloat16(s.add ? __bfloat162float(to) + value : value);
  }
}

// Whether all that an output needs is there.
inline bool complete(const Scaling& s, const Output& y) {
  if (!y.data) return false;
  if (y.kind == OutputKind::kInt32) return true;
  return s.scale_m && s.scale_o && (!s.offset_o || s.sum_m) && (!s.zero_m || s.code_sum_o);
}

}  // namespace freeact::cuda
