// Products through mma.sync: tiles of 128 tokens by 128 outputs, four stages of 64 bytes of k in shared memory, eight
// warps of 64 by 32 outputs. 8-bit codes, and 4-bit ones two a byte, differ in the instruction alone.
#include "kernel/cuda/mma.cuh"

namespace freeact::cuda {
namespace {

constexpr int kThreads = 256, kStages = 4;
constexpr int kBlockRows = 128, kBlockColumns = 128;
constexpr int kWarpRows = 64, kWarpColumns = 32;
constexpr int kRowTiles = kWarpRows / kMmaRows, kColumnTiles = kWarpColumns / kMmaColumns;
constexpr int kStageBytes = (kBlockRows + kBlockColumns) * kTileBytes;
constexpr int kSharedBytes = kStages * kStageBytes;
static_assert(kBlockRows / kWarpRows * (kBlockColumns / kWarpColumns) * kLanes == kThreads);

enum class Form { kInt8, kInt4 };

struct Accumulators {
  int sum[kRowTiles][kColumnTiles][4] = {};
};

// 128 rows of one operand, 64 bytes each; rows behind the last are zeros.
__device__ void copy_rows(const int8_t* from, int64_t stride, int first, int count, int64_t byte, uint8_t* tile) {
  for (int i = threadIdx.x; i < kBlockRows * kTileChunks; i += kThreads) {
    const int row = i / kTileChunks, chunk = i % kTileChunks;
    const bool exists = first + row < count;
    const int64_t source = static_cast<int64_t>(exists ? first + row : count - 1) * stride + byte + chunk * kChunk;
    copy_chunk(tile + swizzled(row, chunk), from + source, exists);
  }
}

__device__ void copy_stage(const Product& p, int first_row, int first_column, int64_t byte, uint8_t* stage) {
  copy_rows(p.x, p.k_bytes, first_row, p.rows, byte, stage);
  copy_rows(p.w, p.k_bytes, first_column, p.outputs, byte, stage + kBlockRows * kTileBytes);
}

template <Form kForm>
__device__ void multiply(int (&sum)[4], const uint32_t (&left)[4], uint32_t right0, uint32_t right1) {
  if constexpr (kForm == Form::kInt8)
    mma_s8(sum, left, right0, right1);
  else
    mma_s4(sum, left, right0, right1);
}

template <Form kForm>
__device__ void multiply_stage(const uint8_t* stage, int warp_row, int warp_column, int lane, Accumulators& all) {
  const uint8_t* columns = stage + kBlockRows * kTileBytes;
#pragma unroll
  for (int step = 0; step < kTileBytes / kMmaBytes; ++step) {
    uint32_t left[kRowTiles][4], right[kColumnTiles / 2][4];
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i)
      load_matrices(left[i],
                    stage + swizzled(left_source_row(lane, warp_row + i * kMmaRows), left_source_chunk(lane, step)));
#pragma unroll
    for (int j = 0; j < kColumnTiles / 2; ++j)
      load_matrices(right[j], columns + swizzled(right_source_row(lane, warp_column + j * 2 * kMmaColumns),
                                                 right_source_chunk(lane, step)));
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i)
#pragma unroll
      for (int j = 0; j < kColumnTiles; ++j)
        multiply<kForm>(all.sum[i][j], left[i], right[j / 2][j % 2 * 2], right[j / 2][j % 2 * 2 + 1]);
  }
}

__device__ void store_all(const Accumulators& all, int row, int column, int lane, const Product& p, const Scaling& s,
                          const Output& y) {
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i)
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j)
#pragma unroll
      for (int r = 0; r < 4; ++r) {
        const int m = row + i * kMmaRows + result_row(lane, r), o = column + j * kMmaColumns + result_column(lane, r);
        if (m < p.rows && o < p.outputs) store(all.sum[i][j][r], m, o, p.outputs, s, y);
      }
}

template <Form kForm>
__global__ void __launch_bounds__(kThreads)
    mma_product_kernel(const __grid_constant__ Product p, const __grid_constant__ Scaling s,
                       const __grid_constant__ Output y) {
  uint8_t* stages = dynamic_shared();
  const int first_row = static_cast<int>(blockIdx.y) * kBlockRows,
            first_column = static_cast<int>(blockIdx.x) * kBlockColumns;
  const int warp = threadIdx.x / kLanes, lane = threadIdx.x % kLanes;
  const int warp_row = warp / (kBlockColumns / kWarpColumns) * kWarpRows;
  const int warp_column = warp % (kBlockColumns / kWarpColumns) * kWarpColumns;
  const int tiles = static_cast<int>(p.k_bytes / kTileBytes);
  for (int t = 0; t < kStages - 1; ++t) {
    if (t < tiles)
      copy_stage(p, first_row, first_column, static_cast<int64_t>(t) * kTileBytes, stages + t * kStageBytes);
    commit_copies();  // also an empty group, so that their number tells which have arrived
  }
  Accumulators all;
  for (int t = 0; t < tiles; ++t) {
    wait_for_copies<kStages - 2>();
    __syncthreads();  // all have the stage, and none still reads the one that is filled next
    const int next = t + kStages - 1;
    if (next < tiles)
      copy_stage(p, first_row, first_column, static_cast<int64_t>(next) * kTileBytes,
                 stages + next % kStages * kStageBytes);
    commit_copies();
    multiply_stage<kForm>(stages + t % kStages * kStageBytes, warp_row, warp_column, lane, all);
  }
  wait_for_copies<0>();
  store_all(all, first_row + warp_row, first_column + warp_column, lane, p, s, y);
}

template <Form kForm>
cudaError_t run(const Product& p, const Scaling& s, const Output& y, cudaStream_t stream) {
  if (p.rows < 0 || p.outputs < 0 || p.k_bytes < kKMultiple || p.k_bytes % kKMultiple != 0 || !complete(s, y))
    return cudaErrorInvalidValue;
  if (p.rows == 0 || p.outputs == 0) return cudaSuccess;
  const dim3 grid((p.outputs + kBlockColumns - 1) / kBlockColumns, (p.rows + kBlockRows - 1) / kBlockRows);
  return launch(mma_product_kernel<kForm>, grid, kThreads, kSharedBytes, stream, p, s, y);
}

}  // namespace

cudaError_t int8_product(const Product& product, const Scaling& scaling, const Output& y, cudaStream_t stream) {
  return run<Form::kInt8>(product, scaling, y, stream);
}

cudaError_t int4_product(const Product& product, const Scaling& scaling, const Output& y, cudaStream_t stream) {
  return run<Form::kInt4>(product, scaling, y, stream);
}

}  // namespace freeact::cuda
