#include "bench/cpu_checks.h"

#include <ATen/ATen.h>

#include "util/error.h"

namespace freeact {
namespace {

// Where two tensors of the same shape differ first, as "[3, 17]: 5 for 4"; empty: nowhere.
std::string first_difference(const at::Tensor& found, const at::Tensor& expected) {
  const at::Tensor places = at::nonzero(found != expected);
  if (places.size(0) == 0) return "";
  const int64_t row = places[0][0].item<int64_t>(), column = places[0][1].item<int64_t>();
  return fmt::format("[{}, {}]: {} for {}", row, column, found[row][column].item<double>(),
                     expected[row][column].item<double>());
}

void check_equal(const at::Tensor& found, const at::Tensor& expected, const char* what) {
  if (found.sizes() != expected.sizes()) throw Defect(fmt::format("{} of another shape", what));
  const std::string difference = first_difference(found, expected);
  if (!difference.empty()) throw Defect(fmt::format("{} {}; nothing is timed", what, difference));
}

constexpr double kTolerance = 1e-5;  // of float sums of a few thousand terms

}  // namespace

void check_rows(const QuantisedRows& rows, const at::Tensor& z_MK, const Grid& grid) {
  const Scale scale = activation_scale(z_MK, grid);
  check_equal(rows.scale_M.unsqueeze(1), scale.scale, "scale of the tokens");
  check_equal(rows.codes_MP.slice(1, 0, rows.width), quantise(z_MK, scale, grid).to(at::kChar), "code of the tokens");
}

void check_products(const at::Tensor& products_MO, const at::Tensor& codes_MK, const at::Tensor& unsigned_OK) {
  const at::Tensor bound = at::linear(codes_MK.abs().to(at::kFloat), unsigned_OK.to(at::kFloat)).max();
  FREEACT_CHECK(bound.item<float>() < (1 << 24), "the products are too large for a float to hold");
  check_equal(products_MO, at::linear(codes_MK.to(at::kFloat), unsigned_OK.to(at::kFloat)).to(at::kInt),
              "integer product");
}

void check_close(const at::Tensor& y, const at::Tensor& reference, const char* what) {
  FREEACT_CHECK(y.sizes() == reference.sizes(), "{}: another shape", what);
  const double difference = (y - reference).abs().max().item<double>();
  const double size = reference.abs().max().item<double>();
  if (!(difference <= kTolerance * size))
    throw Defect(
        fmt::format("{} is off by {} where the largest value is {}; nothing is timed", what, difference, size));
}

}  // namespace freeact
