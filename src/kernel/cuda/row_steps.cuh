// What a block does to rows of floats in shared memory or scratch: the steps of a row program. Every function leaves a
// barrier to its caller.
#pragma once

#include "kernel/cuda/intrinsics.cuh"
#include "kernel/cuda/kernels.h"

namespace freeact::cuda {

inline constexpr int kRowThreads = 256;
inline constexpr int kTileRows = 8, kTileColumns = 4;  // outputs of a thread in a product; half the rows of few tokens

// ---- products

// kRows x kTileColumns outputs of a thread, or fewer at the edge, where addresses are held back to what exists.
template <int kRows>
struct Tile {
  float sum[kRows][kTileColumns] = {};

  __device__ void add_outer(int row, float x, const float4& m) {
    sum[row][0] = __fmaf_rn(x, m.x, sum[row][0]);
    sum[row][1] = __fmaf_rn(x, m.y, sum[row][1]);
    sum[row][2] = __fmaf_rn(x, m.z, sum[row][2]);
    sum[row][3] = __fmaf_rn(x, m.w, sum[row][3]);
  }

  // To the matrix y [rows, columns] at (row, column).
  __device__ void store(float* y, int rows, int columns, int row, int column) const {
#pragma unroll
    for (int r = 0; r < kRows; ++r)
#pragma unroll
      for (int c = 0; c < kTileColumns; ++c)
        if (row + r < rows && column + c < columns) y[static_cast<int64_t>(row + r) * columns + column + c] = sum[r][c];
  }
};

__device__ inline float component(const float4& v, int i) {
  return i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w;
}

__device__ constexpr int ceiling(int a, int b) {
  return (a + b - 1) / b;
}

// inner = 1: y [outer, order] = x [outer, order] m; the tile's rows are rows of x.
template <int kRows>
__device__ inline void last_axis_tile(const float* x, const float* m, int outer, int order, int row, int column,
                                      Tile<kRows>& tile) {
  const int stride = matrix_stride(order), last = outer - 1 - row;
  const float *rows = x + static_cast<int64_t>(row) * order, *columns = m + column;
  int k = 0;
  if (order % 4 == 0) {
    for (; k < order; k += 4) {
      float4 xs[kRows];
#pragma unroll
      for (int r = 0; r < kRows; ++r) xs[r] = *reinterpret_cast<const float4*>(rows + min(r, last) * order + k);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float4 ms = *reinterpret_cast<const float4*>(columns + (k + i) * stride);
#pragma unroll
        for (int r = 0; r < kRows; ++r) tile.add_outer(r, component(xs[r], i), ms);
      }
    }
  }
  for (; k < order; ++k) {
    const float4 ms = *reinterpret_cast<const float4*>(columns + k * stride);
#pragma unroll
    for (int r = 0; r < kRows; ++r) tile.add_outer(r, rows[min(r, last) * order + k], ms);
  }
}

template <int kRows>
__device__ inline void multiply_last_axis(const float* x, const float* m, float* y, int outer, int order) {
  const int column_tiles = ceiling(order, kTileColumns), tiles = ceiling(outer, kRows) * column_tiles;
  for (int t = threadIdx.x; t < tiles; t += kRowThreads) {
    const int row = t / column_tiles * kRows, column = t % column_tiles * kTileColumns;
    Tile<kRows> tile;
    last_axis_tile(x, m, outer, order, row, column, tile);
    tile.store(y, outer, order, row, column);
  }
}

__device__ inline float4 load_columns(const float* x, int column, int inner) {
  if (inner % 4 == 0) return *reinterpret_cast<const float4*>(x + column);
  const int last = inner - 1;
  return {x[column], x[min(column + 1, last)], x[min(column + 2, last)], x[min(column + 3, last)]};
}

// y [order, inner] = m^T x [order, inner]; the tile's rows are outputs along the axis.
template <int kRows>
__device__ inline void inner_axis_tile(const float* x, const float* m, int order, int inner, int row, int column,
                                       Tile<kRows>& tile) {
  const int stride = matrix_stride(order);
#pragma unroll 4
  for (int k = 0; k < order; ++k) {
    const float4 xs = load_columns(x + k * inner, column, inner);
#pragma unroll
    for (int four = 0; four < kRows; four += 4) {
      const float4 ms = *reinterpret_cast<const float4*>(m + k * stride + row + four);
#pragma unroll
      for (int r = 0; r < 4; ++r) tile.add_outer(four + r, component(ms, r), xs);
    }
  }
}

template <int kRows>
__device__ inline void multiply_inner_axis(const float* x, const float* m, float* y, int outer, int order, int inner) {
  const int row_tiles = ceiling(order, kRows), column_tiles = ceiling(inner, kTileColumns);
  for (int t = threadIdx.x; t < outer * row_tiles * column_tiles; t += kRowThreads) {
    const int column = t % column_tiles * kTileColumns, row = t / column_tiles % row_tiles * kRows;
    const int64_t begin = static_cast<int64_t>(t / column_tiles / row_tiles) * order * inner;
    Tile<kRows> tile;
    inner_axis_tile(x + begin, m, order, inner, row, column, tile);
    tile.store(y + begin, order, inner, row, column);
  }
}

// ---- the other steps

struct Turn {
  int64_t first;  // token
  int tokens, width;
  __device__ int size() const { return tokens * width; }
};

__device__ inline void load(const RowsIn& in, const Turn& turn, float* rows) {
  const int64_t begin = turn.first * turn.width;
  const auto* floats = static_cast<const float*>(in.x) + begin;
  const auto* halves = static_cast<const __nv_bfloat16*>(in.x) + begin;
  if (turn.width % 4 != 0) {
    for (int i = threadIdx.x; i < turn.size(); i += kRowThreads)
      rows[i] = in.bfloat16 ? __bfloat162float(halves[i]) : floats[i];
    return;
  }
  for (int i = threadIdx.x; i < turn.size() / 4; i += kRowThreads) {
    float4 four;
    if (in.bfloat16) {
      const uint2 raw = reinterpret_cast<const uint2*>(halves)[i];
      four = {__uint_as_float(raw.x << 16), __uint_as_float(raw.x & 0xffff0000u), __uint_as_float(raw.y << 16),
              __uint_as_float(raw.y & 0xffff0000u)};
    } else {
      four = reinterpret_cast<const float4*>(floats)[i];
    }
    reinterpret_cast<float4*>(rows)[i] = four;
  }
}

// A row of a table; NaN marks the token when its type is in none.
__device__ inline float from_table(const Step& step, const RowsIn& in, const Turn& turn, int i) {
  const int token = i / turn.width, channel = i - token * turn.width;
  if (step.count == 1) return step.data[channel];
  const int64_t type = in.types[turn.first + token];
  return type >= 0 && type < step.count ? step.data[type * turn.width + channel] : __int_as_float(0x7fffffff);
}

__device__ inline void multiply_by_table(const Step& step, const RowsIn& in, const Turn& turn, float* rows) {
  for (int i = threadIdx.x; i < turn.size(); i += kRowThreads)
    rows[i] = __fmul_rn(rows[i], from_table(step, in, turn, i));
}

__device__ inline void multiply_by_number(float number, const Turn& turn, float* rows) {
  for (int i = threadIdx.x; i < turn.size(); i += kRowThreads) rows[i] = __fmul_rn(rows[i], number);
}

struct Pair {
  float sum, difference;
};
__device__ inline Pair butterfly(float low, float high) {
  return {__fadd_rn(low, high), __fsub_rn(low, high)};
}

// Two strides, s and 2 s, by one visit of four elements; the last stride alone where their number is odd.
__device__ inline void butterflies(const Step& step, const Turn& turn, float* rows) {
  int s = step.inner;
  for (; 2 * s < step.order; s *= 4) {
    for (int i = threadIdx.x; i < turn.size() / 4; i += kRowThreads) {
      const int within = i & (s - 1);
      float* x = rows + (i - within) * 4 + within;
      const Pair a = butterfly(x[0], x[s]), b = butterfly(x[2 * s], x[3 * s]);
      const Pair even = butterfly(a.sum, b.sum), odd = butterfly(a.difference, b.difference);
      x[0] = even.sum;
      x[s] = odd.sum;
      x[2 * s] = even.difference;
      x[3 * s] = odd.difference;
    }
    __syncthreads();
  }
  if (s >= step.order) return;
  for (int i = threadIdx.x; i < turn.size() / 2; i += kRowThreads) {
    const int within = i & (s - 1);
    float* x = rows + (i - within) * 2 + within;
    const Pair pair = butterfly(x[0], x[s]);
    x[0] = pair.sum;
    x[s] = pair.difference;
  }
}

__device__ inline void multiply_axis(const Step& step, const float* matrix, const Turn& turn, const float* rows,
                                     float* other) {
  const int outer = turn.size() / (step.order * step.inner);
  const bool few = turn.size() < kRowThreads * kTileRows * kTileColumns;  // or threads would have nothing to do
  if (step.inner == 1)
    few ? multiply_last_axis<kTileRows / 2>(rows, matrix, other, outer, step.order)
        : multiply_last_axis<kTileRows>(rows, matrix, other, outer, step.order);
  else
    few ? multiply_inner_axis<kTileRows / 2>(rows, matrix, other, outer, step.order, step.inner)
        : multiply_inner_axis<kTileRows>(rows, matrix, other, outer, step.order, step.inner);
}

}  // namespace freeact::cuda
