// Few tokens: weights are read once, as nibbles, straight from memory into the left operand of mma.sync (tokens are the
// right one, so that eight are enough for an instruction). A block has 32 outputs; its warps share the k and add their
// exact sums in shared memory.
#include "kernel/cuda/mma.cuh"

namespace freeact::cuda {
namespace {

constexpr int kWarps = 8, kThreads = kWarps * kLanes;
constexpr int kOutputTiles = kNibbleTileOutputs / kNibbleOutputs;

template <int kTokenTiles>
struct Sums {
  int sum[kOutputTiles][kTokenTiles][4] = {};
};

// One chunk of 64 k: the low nibbles of word q are the first eight outputs' k of register q, the high ones the others'.
__device__ void unpack(const uint4& words, uint32_t (&left)[2][4]) {
  const uint32_t all[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
  for (int q = 0; q < 4; ++q) {
    left[q / 2][q % 2 * 2] = all[q] & 0x0f0f0f0fu;
    left[q / 2][q % 2 * 2 + 1] = all[q] >> 4 & 0x0f0f0f0fu;
  }
}

template <int kTokenTiles>
__device__ void multiply_chunk(const NibbleProduct& p, int64_t chunk, int64_t first_tile, int64_t chunks, int lane,
                               Sums<kTokenTiles>& sums) {
  uint4 words[kOutputTiles], tokens[kTokenTiles];
#pragma unroll
  for (int i = 0; i < kOutputTiles; ++i) {
    const int64_t byte = ((first_tile + i) * chunks + chunk) * kNibbleChunkBytes + lane * 16;
    words[i] = __ldcs(reinterpret_cast<const uint4*>(p.w + byte));
  }
#pragma unroll
  for (int j = 0; j < kTokenTiles; ++j) {
    const int64_t token = min(j * kMmaColumns + right_column(lane), p.rows - 1);
    tokens[j] = __ldg(reinterpret_cast<const uint4*>(p.x + token * p.k_bytes + chunk * kNibbleK + lane % 4 * 16));
  }
#pragma unroll
  for (int i = 0; i < kOutputTiles; ++i) {
    uint32_t left[2][4];
    unpack(words[i], left);
#pragma unroll
    for (int j = 0; j < kTokenTiles; ++j) {
      mma_u8_s8(sums.sum[i][j], left[0], tokens[j].x, tokens[j].y);
      mma_u8_s8(sums.sum[i][j], left[1], tokens[j].z, tokens[j].w);
    }
  }
}

template <int kTokenTiles>
__global__ void __launch_bounds__(kThreads)
    nibble_product_kernel(const __grid_constant__ NibbleProduct p, const __grid_constant__ Scaling s,
                          const __grid_constant__ Output y) {
  constexpr int kTokens = kTokenTiles * kMmaColumns;
  __shared__ int total[kTokens][kNibbleTileOutputs];
  for (int i = threadIdx.x; i < kTokens * kNibbleTileOutputs; i += kThreads)
    total[i / kNibbleTileOutputs][i % kNibbleTileOutputs] = 0;
  const int warp = threadIdx.x / kLanes, lane = threadIdx.x % kLanes;
  const int64_t chunks = p.k_bytes / kNibbleK, first_tile = static_cast<int64_t>(blockIdx.x) * kOutputTiles;
  Sums<kTokenTiles> sums;
#pragma unroll(kTokenTiles > 4 ? 1 : 4)
  for (int64_t chunk = warp; chunk < chunks; chunk += kWarps)
    multiply_chunk<kTokenTiles>(p, chunk, first_tile, chunks, lane, sums);
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kOutputTiles; ++i)
#pragma unroll
    for (int j = 0; j < kTokenTiles; ++j)
#pragma unroll
      for (int r = 0; r < 4; ++r)
        atomicAdd(&total[j * kMmaColumns + result_column(lane, r)][i * kNibbleOutputs + result_row(lane, r)],
                  sums.sum[i][j][r]);
  __syncthreads();
  for (int i = threadIdx.x; i < p.rows * kNibbleTileOutputs; i += kThreads) {
    const int m = i / kNibbleTileOutputs, column = i % kNibbleTileOutputs;
    const int o = static_cast<int>(blockIdx.x) * kNibbleTileOutputs + column;
    if (o < p.outputs) store(total[m][column] - kNibbleOffset * p.sum_m[m], m, o, p.outputs, s, y);
  }
}

template <int kTokenTiles>
cudaError_t run(const NibbleProduct& p, const Scaling& s, const Output& y, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(padded_outputs(p.outputs) / kNibbleTileOutputs));
  return launch(nibble_product_kernel<kTokenTiles>, grid, kThreads, 0, stream, p, s, y);
}

}  // namespace

cudaError_t nibble_product(const NibbleProduct& p, const Scaling& s, const Output& y, cudaStream_t stream) {
  if (p.rows < 0 || p.rows > kMostNibbleRows || p.outputs < 0 || p.k_bytes < kKMultiple ||
      p.k_bytes % kKMultiple != 0 || !p.sum_m || !complete(s, y))
    return cudaErrorInvalidValue;
  if (p.rows == 0 || p.outputs == 0) return cudaSuccess;
  const int tiles = (p.rows + kMmaColumns - 1) / kMmaColumns;
  if (tiles <= 1) return run<1>(p, s, y, stream);
  if (tiles <= 2) return run<2>(p, s, y, stream);
  if (tiles <= 4) return run<4>(p, s, y, stream);
  return run<8>(p, s, y, stream);
}

}  // namespace freeact::cuda
