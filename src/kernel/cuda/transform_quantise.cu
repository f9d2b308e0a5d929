// One block takes some tokens at a time through all steps and the quantiser; the rows stay in shared memory where they
// fit. Every sum is a chain of fmaf in order of k, as on the CPU (ops/ordered_product.h), and every division a true
// one, so that the codes are the CPU's bit for bit.
#include "kernel/cuda/row_steps.cuh"

namespace freeact::cuda {
namespace {

constexpr int kThreads = kRowThreads, kWarp = 32, kWarps = kThreads / kWarp;

struct Arguments {
  RowsIn in;
  RowProgram program;
  RowPlan plan;
  DeviceRowGrid grid;
  ClipFactors views[kMostViews];
  int num_views;
  RowsOut out;
  float* scratch;
  int copies;  // of a turn's rows: a product writes where it does not read
};

// ---- the quantiser

struct Range {
  float low = 0, high = 0;  // widened to hold 0
};

__device__ Range of_warp(Range range) {
  for (int step = kWarp / 2; step > 0; step /= 2) {
    range.low = smaller(range.low, __shfl_xor_sync(~0u, range.low, step));
    range.high = larger(range.high, __shfl_xor_sync(~0u, range.high, step));
  }
  return range;
}

// The factor of a token; NaN when its type has none.
__device__ float factor(const float* factors, int count, const RowsIn& in, int64_t token) {
  if (!factors) return 1;
  if (count == 1) return factors[0];
  const int64_t type = in.types[token];
  return type >= 0 && type < count ? factors[type] : __int_as_float(0x7fffffff);
}

struct Rounding {
  float scale, zero, lowest, highest;  // zero as quant/quantiser.h has it
};

__device__ Rounding rounding_of(Range range, const ClipFactors& clip, const RowsIn& in, int64_t token,
                                const DeviceRowGrid& grid) {
  range.high = __fmul_rn(range.high, factor(clip.max, clip.count, in, token));
  range.low = __fmul_rn(range.low, factor(clip.min, clip.count, in, token));
  const auto highest = static_cast<float>((1 << (grid.symmetric ? grid.bits - 1 : grid.bits)) - 1);
  Rounding r = {1, 0, grid.symmetric ? -highest - 1 : 0, highest};
  if (grid.symmetric) {
    const float largest = larger(fabsf(range.low), range.high);
    if (largest != 0) r.scale = __fdiv_rn(largest, highest);
  } else {
    if (range.high == 0 && range.low == 0) range = {-1, 1};
    r.scale = __fdiv_rn(__fsub_rn(range.high, range.low), highest);
    r.zero = rintf(__fdiv_rn(-range.low, r.scale));
  }
  return r;
}

__device__ int code_of(float x, const Rounding& r) {
  const float code = rintf(__fdiv_rn(x, r.scale)) + r.zero;
  return static_cast<int>(fminf(fmaxf(code, r.lowest), r.highest));
}

// Writes a share of a unit's codes, four at a time, and returns their sum.
__device__ int write_codes(const float* x, int width, int padded, int shift, const Rounding& r, int begin, int step,
                           int8_t* codes) {
  int sum = 0;
  for (int word = begin; word < padded / 4; word += step) {
    uint32_t packed = 0;
    const bool whole = width % 4 == 0 && word * 4 < width;
    const float4 four = whole ? *reinterpret_cast<const float4*>(x + word * 4) : float4{};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int k = word * 4 + i;
      const int code = k < width ? code_of(whole ? component(four, i) : x[k], r) - shift : 0;
      sum += code;
      packed |= (static_cast<uint32_t>(code) & 0xffu) << (8 * i);
    }
    reinterpret_cast<uint32_t*>(codes)[word] = packed;
  }
  return sum;
}

__device__ int sum_of_warp(int sum) {
  for (int step = kWarp / 2; step > 0; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
  return sum;
}

struct WarpResults {
  Range range[kWarps];
  int sum[kMostViews][kWarps];
};

// A unit is a token's piece; warps share one where there are fewer units than warps.
__device__ void quantise(const Arguments& a, const Turn& turn, const float* rows, WarpResults& results) {
  const int pieces = a.out.pieces, width = turn.width / pieces, units = turn.tokens * pieces;
  const int sharing = units >= kWarps ? 1 : kWarps / units, at_once = kWarps / sharing;
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp, part = warp % sharing, team = warp / sharing;
  const int begin = part * kWarp + lane, step = sharing * kWarp;
  const int shift = a.grid.symmetric ? 0 : 1 << (a.grid.bits - 1);
  for (int first = 0; first < units; first += at_once) {
    const int unit = first + team;
    const bool active = team < at_once && unit < units;
    const float* x = rows + static_cast<int64_t>(active ? unit : 0) * width;
    Range range;
    for (int k = begin; active && k < width; k += step) range = {smaller(range.low, x[k]), larger(range.high, x[k])};
    range = of_warp(range);
    if (lane == 0) results.range[warp] = range;
    __syncthreads();
    const int64_t token = turn.first + unit / pieces;
    const int piece = unit % pieces;
    if (active) {
      for (int i = 0; i < sharing; ++i) {
        const Range& other = results.range[team * sharing + i];
        range = {smaller(range.low, other.low), larger(range.high, other.high)};
      }
      const bool finite = isfinite(range.low) && isfinite(range.high);
      for (int view = 0; view < a.num_views; ++view) {
        Rounding r = rounding_of(range, a.views[view], a.in, token, a.grid);
        if (!finite) r.scale = __int_as_float(0x7fffffff);
        const int64_t row = (static_cast<int64_t>(view) * pieces + piece) * a.in.rows + token;
        const int sum = sum_of_warp(
            write_codes(x, finite ? width : 0, a.out.padded, shift, r, begin, step, a.out.codes + row * a.out.padded));
        if (lane == 0) results.sum[view][warp] = sum;
        if (lane == 0 && part == 0) {
          a.out.scale[row] = r.scale;
          if (a.out.zero) a.out.zero[row] = finite ? static_cast<int>(r.zero) - shift : 0;
        }
      }
    }
    __syncthreads();
    if (active && part == 0 && lane < a.num_views) {
      int sum = 0;
      for (int i = 0; i < sharing; ++i) sum += results.sum[lane][team * sharing + i];
      a.out.sum[(static_cast<int64_t>(lane) * pieces + piece) * a.in.rows + token] = sum;
    }
    // Before any warp writes `sum` again there is the barrier behind the ranges; `range` is read before the last one.
  }
}

// ---- the kernel

// Copies the matrices that shall be there behind the rows, and points the steps at them.
__device__ void place_matrices(const Arguments& a, float* room, const float** matrices) {
  for (int i = 0; i < a.program.count; ++i) {
    const Step& step = a.program.steps[i];
    matrices[i] = step.data;
    if (!a.plan.matrix_in_shared[i]) continue;
    const int quads = step.order * matrix_stride(step.order) / 4;
    for (int q = threadIdx.x; q < quads; q += kThreads)
      reinterpret_cast<float4*>(room)[q] = reinterpret_cast<const float4*>(step.data)[q];
    matrices[i] = room;
    room += quads * 4;
  }
}

__global__ void __launch_bounds__(kThreads, 2) transform_quantise_kernel(const __grid_constant__ Arguments a) {
  __shared__ WarpResults results;
  const int floats = turn_floats(a.plan.tokens, a.in.width), copies = a.copies;
  auto* room = reinterpret_cast<float*>(dynamic_shared());
  float* own = a.plan.rows_in_shared ? room : a.scratch + static_cast<int64_t>(blockIdx.x) * copies * floats;
  const float* matrices[kMostSteps];
  place_matrices(a, a.plan.rows_in_shared ? room + copies * floats : room, matrices);
  for (int64_t first = static_cast<int64_t>(blockIdx.x) * a.plan.tokens; first < a.in.rows;
       first += static_cast<int64_t>(gridDim.x) * a.plan.tokens) {
    const auto left = a.in.rows - first;
    const Turn turn = {first, left < a.plan.tokens ? static_cast<int>(left) : a.plan.tokens, a.in.width};
    float *rows = own, *other = own + floats;
    load(a.in, turn, rows);
    __syncthreads();
    for (int i = 0; i < a.program.count; ++i) {
      const Step& step = a.program.steps[i];
      if (step.kind == Step::Kind::kTable) multiply_by_table(step, a.in, turn, rows);
      if (step.kind == Step::Kind::kFactor) multiply_by_number(step.factor, turn, rows);
      if (step.kind == Step::Kind::kButterflies) butterflies(step, turn, rows);
      if (step.kind == Step::Kind::kProduct) {
        multiply_axis(step, matrices[i], turn, rows, other);
        float* written = other;
        other = rows;
        rows = written;
      }
      __syncthreads();
    }
    quantise(a, turn, rows, results);
    __syncthreads();
  }
}

bool fits(const RowsIn& in, const RowProgram& program, int num_views, const RowsOut& out) {
  if (in.rows < 0 || in.width < 1 || out.pieces < 1 || in.width % out.pieces != 0) return false;
  if (out.padded % 4 != 0 || out.padded < in.width / out.pieces) return false;
  for (int i = 0; i < program.count; ++i) {
    const Step& step = program.steps[i];
    if (step.kind == Step::Kind::kProduct && in.width % (step.order * step.inner) != 0) return false;
    if (step.kind == Step::Kind::kButterflies && in.width % step.order != 0) return false;
    if (step.count > 1 && !in.types) return false;
  }
  return num_views >= 1 && num_views <= kMostViews && reinterpret_cast<uintptr_t>(in.x) % 16 == 0;
}

}  // namespace

cudaError_t transform_quantise(const RowsIn& in, const RowProgram& program, const RowPlan& plan,
                               const DeviceRowGrid& grid, const ClipFactors* views, int num_views, const RowsOut& out,
                               float* scratch, cudaStream_t stream) {
  if (!fits(in, program, num_views, out) || (plan.scratch_bytes > 0 && !scratch)) return cudaErrorInvalidValue;
  if (in.rows == 0) return cudaSuccess;
  Arguments a = {in, program, plan, grid, {}, num_views, out, scratch, program.has_products() ? 2 : 1};
  for (int i = 0; i < num_views; ++i) {
    if (views[i].count > 1 && !in.types) return cudaErrorInvalidValue;
    a.views[i] = views[i];
  }
  return launch(transform_quantise_kernel, dim3(plan.blocks), kThreads, plan.shared_bytes, stream, a);
}

}  // namespace freeact::cuda
