// The formatting library, compiled once for the fuzz build: header-only, as the other builds use it, it is two thirds
// of what clang with sanitisers spends on a file.
#include <fmt/format-inl.h>

namespace fmt {
inline namespace v12 {
// What its headers declare as compiled elsewhere and this project uses.
namespace detail {
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float) noexcept;
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double) noexcept;
template void buffer<char>::append(const char*, const char*);
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);
}  // namespace detail
}  // namespace v12
}  // namespace fmt
