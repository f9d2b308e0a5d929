#include "kernel/cpu/transform_quantise.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernel/cpu/row_codes.h"
#include "ops/plain_rows.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr int64_t kBlockFloats = 1 << 12;  // of tokens that are transformed and quantised together

struct Layout {
  int64_t rows, width, group, piece;  // group: channels that share a range

  int64_t num_groups() const { return width / group; }
  int64_t num_pieces() const { return width / piece; }
  int64_t padded() const { return padded_width(piece); }
};

// Clip factors by token type, read as they lie.
class Factors {
 public:
  explicit Factors(const Clip& clip) {
    if (!clip.max.defined()) return;
    max_ = clip.max.detach().to(at::kFloat).reshape({-1}).contiguous();
    min_ = clip.min.detach().to(at::kFloat).reshape({-1}).contiguous();
    FREEACT_CHECK(max_.numel() == min_.numel(), "{} upper and {} lower clip factors", max_.numel(), min_.numel());
  }
  int64_t num_types() const { return max_.defined() && max_.numel() > 1 ? max_.numel() : 0; }
  float max(int64_t type) const { return at(max_, type); }
  float min(int64_t type) const { return at(min_, type); }

 private:
  static float at(const at::Tensor& factors, int64_t type) {
    if (!factors.defined()) return 1;
    return factors.const_data_ptr<float>()[factors.numel() > 1 ? type : 0];
  }
  at::Tensor max_, min_;
};

// What activation_scale (quant/quantiser.h) makes of a range, step by step.
RowGrid grid_of(const RowRange& range, float factor_max, float factor_min, const Grid& grid) {
  const auto lowest = static_cast<float>(grid.lowest()), highest = static_cast<float>(grid.highest());
  const int32_t shift = grid.symmetric ? 0 : 1 << (grid.bits - 1);
  float high = range.high * factor_max, low = range.low * factor_min;
  if (grid.symmetric) {
    const float largest = std::max(std::abs(low), high);
    return {largest == 0 ? 1 : largest / highest, 0, lowest, highest, shift};
  }
  if (high == 0 && low == 0) {
    high = 1;
    low = -1;
  }
  const float scale = (high - low) / highest;
  return {scale, std::nearbyint(-low / scale), lowest, highest, shift};
}

// The tokens on their grid under one clip.
class View {
 public:
  View(const Clip& clip, const Grid& grid, const Layout& layout) : factors_(clip), grid_(grid), layout_(layout) {
    codes_ = at::empty({layout.num_pieces(), layout.rows, layout.padded()}, at::kChar);
    sums_ = at::empty({layout.num_pieces(), layout.rows}, at::kInt);
    scales_ = at::empty({layout.num_groups(), layout.rows}, at::kFloat);
    if (!grid.symmetric) zeros_ = at::empty({layout.num_groups(), layout.rows}, at::kInt);
    code_ = codes_.mutable_data_ptr<int8_t>();
    sum_ = sums_.mutable_data_ptr<int32_t>();
    scale_ = scales_.mutable_data_ptr<float>();
    zero_ = grid.symmetric ? nullptr : zeros_.mutable_data_ptr<int32_t>();
  }

  int64_t num_types() const { return factors_.num_types(); }

  // z: the channels of a token's group, of this range.
  void quantise(const RowKernels& kernels, int64_t row, int64_t type, int64_t group, const float* z,
                const RowRange& range) const {
    const RowGrid grid = grid_of(range, factors_.max(type), factors_.min(type), grid_);
    // A scale of 0 is that of a range too small for floats: all of it becomes 0.
    const bool on_grid = range.finite && grid.scale > 0;
    scale_[group * layout_.rows + row] = range.finite ? grid.scale : std::numeric_limits<float>::quiet_NaN();
    if (zero_) zero_[group * layout_.rows + row] = on_grid ? static_cast<int32_t>(grid.zero) - grid.shift : 0;
    const int64_t pieces = layout_.group / layout_.piece, width = on_grid ? layout_.piece : 0;
    for (int64_t i = 0; i < pieces; ++i) {
      const int64_t at = (group * pieces + i) * layout_.rows + row;
      int8_t* codes = code_ + at * layout_.padded();
      sum_[at] = kernels.codes(z + i * layout_.piece, width, grid, codes);
      std::memset(codes + width, 0, static_cast<size_t>(layout_.padded() - width));
    }
  }

  QuantisedPieces pieces() const {
    QuantisedPieces all;
    for (int64_t i = 0; i < layout_.num_pieces(); ++i) {
      const int64_t group = i * layout_.piece / layout_.group;
      all.push_back({layout_.piece, codes_.select(0, i), scales_.select(0, group),
                     zeros_.defined() ? zeros_.select(0, group) : zeros_, sums_.select(0, i)});
    }
    return all;
  }

 private:
  Factors factors_;
  Grid grid_;
  Layout layout_;
  at::Tensor codes_, sums_, scales_, zeros_;  // [pieces, M, P], [pieces, M], [groups, M] twice
  int8_t* code_;
  int32_t *sum_, *zero_;
  float* scale_;
};

// The last of a chain's results for rows of a block; the buffers hold a block each.
const float* transform_block(const TransformChain& chain, PlainRows rows, float* buffer, float* other) {
  for (const auto& transform : chain) {
    rows.y = buffer;
    transform->activation_rows(rows);
    rows.x = buffer;
    std::swap(buffer, other);
  }
  return rows.x;
}

void quantise_block(const std::vector<View>& views, const Layout& layout, const RowKernels& kernels, int64_t first,
                    const PlainRows& rows) {
  for (int64_t i = 0; i < rows.rows; ++i)
    for (int64_t group = 0; group < layout.num_groups(); ++group) {
      const float* z = rows.x + i * layout.width + group * layout.group;
      const RowRange range = kernels.range(z, layout.group);
      for (const View& view : views) view.quantise(kernels, first + i, rows.types ? rows.types[i] : 0, group, z, range);
    }
}

void check_types(const std::vector<View>& views, const at::Tensor& types, int64_t rows) {
  int64_t num_types = 0;
  for (const View& view : views) {
    FREEACT_CHECK(view.num_types() == 0 || num_types == 0 || view.num_types() == num_types,
                  "clip factors for {} and for {} token types", num_types, view.num_types());
    num_types = std::max(num_types, view.num_types());
  }
  FREEACT_CHECK(!types.defined() || types.numel() == rows, "{} token types for {} tokens", types.numel(), rows);
  if (num_types == 0 || rows == 0) return;
  FREEACT_CHECK(types.defined(), "clips by token type need the token types of the batch");
  const auto [least, most] =
      std::minmax_element(types.const_data_ptr<int64_t>(), types.const_data_ptr<int64_t>() + rows);
  FREEACT_CHECK(*least >= 0 && *most < num_types, "token types from {} to {} of {}", *least, *most, num_types);
}

}  // namespace

TransformQuantise::TransformQuantise(TransformChain chain, const Grid& grid, int64_t width, int64_t piece)
    : chain_(std::move(chain)), grid_(grid), width_(width), piece_(piece) {
  FREEACT_CHECK(grid.bits >= 2 && grid.bits <= 8, "codes of {} bits do not fit a byte", grid.bits);
  const int64_t group = width / grid.num_groups(width);
  FREEACT_CHECK(piece > 0 && group % piece == 0, "pieces of {} channels do not divide groups of {}", piece, group);
  has_rows_ = std::all_of(chain_.begin(), chain_.end(), [&](const auto& t) { return t->has_rows(width); });
}

std::vector<QuantisedPieces> TransformQuantise::operator()(const at::Tensor& x_MD, const at::Tensor& types_M,
                                                           const std::vector<Clip>& clips) const {
  FREEACT_CHECK(x_MD.dim() == 2 && x_MD.size(1) == width_ && x_MD.scalar_type() == at::kFloat && x_MD.is_cpu(),
                "tokens of width {} as float32 on the CPU were expected", width_);
  const Layout layout = {x_MD.size(0), width_, width_ / grid_.num_groups(width_), piece_};
  std::vector<View> views;
  for (const Clip& clip : clips) views.emplace_back(clip, grid_, layout);
  const at::Tensor types = types_M.defined() ? types_M.to(at::kLong).contiguous() : types_M;
  check_types(views, types, layout.rows);

  const at::Tensor x =
      (has_rows_ ? x_MD : apply_activation(chain_, x_MD.unsqueeze(0), types_M.unsqueeze(0)).squeeze(0)).contiguous();
  FREEACT_CHECK(x.sizes() == x_MD.sizes() && x.scalar_type() == at::kFloat, "the transforms changed the tokens' kind");
  const auto* x_data = x.const_data_ptr<float>();
  const int64_t* types_data = types.defined() ? types.const_data_ptr<int64_t>() : nullptr;
  const TransformChain chain = has_rows_ ? chain_ : TransformChain();
  const RowKernels kernels = row_kernels();
  const int64_t block = std::max<int64_t>(1, kBlockFloats / width_);
  at::parallel_for(0, layout.rows, rows_of_a_task(width_), [&](int64_t begin, int64_t end) {
    const int64_t floats = std::min(block, end - begin) * width_;
    Scratch one(chain.empty() ? 0 : floats), other(chain.size() > 1 ? floats : 0);
    for (; begin < end; begin += block) {
      PlainRows rows = {x_data + begin * width_, types_data ? types_data + begin : nullptr,
                        std::min(block, end - begin), width_, nullptr};
      rows.x = transform_block(chain, rows, one.data(), other.data());
      quantise_block(views, layout, kernels, begin, rows);
    }
  });
  std::vector<QuantisedPieces> results;
  for (const View& view : views) results.push_back(view.pieces());
  return results;
}

}  // namespace freeact
