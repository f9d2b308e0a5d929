// Whether an integer site's outputs are those of the simulated one.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace freeact {

// The simulated site rounds each of D products and sums, the integer one only the end: at these widths they differ by
// less than 5e-7 of the largest output; one code more or less would be 1e-3 and above.
inline constexpr double kRounding = 2e-6;

inline double difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

inline void expect_same_outputs(const std::vector<at::Tensor>& got, const std::vector<at::Tensor>& wanted,
                                const std::string& what) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].sizes(), wanted[i].sizes()) << what;
    EXPECT_LT(difference(got[i], wanted[i]), kRounding) << what << ", linear " << i;  // NaN fails as well
  }
}

}  // namespace freeact
