// The formatting library, compiled once: header-only it is half of what g++ spends on a file, and two thirds of what
// clang with sanitisers does.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
// What its headers declare as compiled elsewhere and this project uses.
namespace detail {
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float) noexcept;
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double) noexcept;
template void buffer<char>::append(const char*, const char*);
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);
}  // namespace detail
FMT_END_NAMESPACE
