// A device on the host: what kernel/cuda/intrinsics.cuh holds, for playing the kernels' own code without a GPU.
// Included in place of it. Instructions follow the PTX ISA; what a device does at its own pace is done as late as it
// may be.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>

#undef __device__
#undef __global__
#undef __shared__
#undef __forceinline__
#undef __launch_bounds__
#undef __grid_constant__
#define __device__
#define __global__
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__

namespace freeact::cuda {

// ---- the blocks, one after the other, and their threads, each with a stack of its own

struct Place {
  unsigned x, y, z;
};

// What a thread of a block is while it runs.
struct PlayedThread {
  Place thread, block;
  dim3 grid;
  int lane = 0;
};
const PlayedThread& played_thread();

#define threadIdx (::freeact::cuda::played_thread().thread)
#define blockIdx (::freeact::cuda::played_thread().block)
#define gridDim (::freeact::cuda::played_thread().grid)

// Runs body() once for each thread of each block. Fails the test when threads wait for each other for ever. Shared
// memory holds rubbish at first, and has guards behind it.
void play(dim3 grid, int threads, int shared_bytes, const std::function<void()>& body);

template <class... Parameters>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, int threads, int shared_bytes, cudaStream_t,
                   Parameters... parameters) {
  play(grid, threads, shared_bytes, [&] { kernel(parameters...); });
  return cudaSuccess;
}

uint8_t* dynamic_shared();
void __syncthreads();

// ---- what lanes of a warp do together: every lane hands in words and gets those of all lanes

inline constexpr int kMostWords = 12;
using LaneWords = std::array<uint32_t, kMostWords>;
const std::array<LaneWords, 32>& exchange(const LaneWords& own);

template <class T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  const int lane = played_thread().lane;
  return std::bit_cast<T>(exchange({std::bit_cast<uint32_t>(value)})[static_cast<size_t>(lane ^ mask)][0]);
}

void mma_s8(int (&sum)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1);
void mma_u8_s8(int (&sum)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1);
void mma_s4(int (&sum)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1);
void load_matrices(uint32_t (&registers)[4], const void* shared);

// ---- copies in the background arrive when they are waited for

void copy_chunk(void* shared, const void* global, bool exists);
void commit_copies();
void wait_for_copies_but(int pending);
template <int kPending>
void wait_for_copies() {
  wait_for_copies_but(kPending);
}

// ---- arithmetic

inline float larger(float a, float b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::fmax(a, b);
}
inline float smaller(float a, float b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::fmin(a, b);
}
inline float __fmaf_rn(float a, float b, float c) {
  return std::fma(a, b, c);
}
inline float __fmul_rn(float a, float b) {
  return a * b;
}
inline float __fadd_rn(float a, float b) {
  return a + b;
}
inline float __fsub_rn(float a, float b) {
  return a - b;
}
inline float __fdiv_rn(float a, float b) {
  return a / b;
}
inline float __uint_as_float(uint32_t bits) {
  return std::bit_cast<float>(bits);
}
inline float __int_as_float(int bits) {
  return std::bit_cast<float>(bits);
}
inline int min(int a, int b) {
  return a < b ? a : b;
}
inline int atomicAdd(int* to, int value) {
  return std::exchange(*to, *to + value);  // threads take turns
}
template <class T>
T __ldg(const T* from) {
  return *from;
}
template <class T>
T __ldcs(const T* from) {
  return *from;
}
using std::isfinite;

}  // namespace freeact::cuda
