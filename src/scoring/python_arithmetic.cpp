#include "scoring/python_arithmetic.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

namespace freeact {
namespace {

constexpr int kMaxNesting = 1000;  // Python's parser gives up somewhere, too

// Recursive descent by Python's grammar: sum: product (+ product)*; product: sign (* sign)*; sign: -sign | power;
// power: atom [** sign].
class Evaluator {
 public:
  explicit Evaluator(std::string_view text) : text_(text) {}

  std::optional<double> value() {
    const auto result = sum();
    skip_blanks();
    return place_ == text_.size() ? result : std::nullopt;
  }

 private:
  using Value = std::optional<double>;

  void skip_blanks() {
    const std::string_view blanks = open_ > 0 ? " \t\f\n\r" : " \t\f";
    while (place_ < text_.size() && blanks.find(text_[place_]) != std::string_view::npos) ++place_;
  }

  // "*" is no part of "**".
  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.substr(place_).starts_with(token)) return false;
    const bool doubled = (token == "*" || token == "/") && text_.substr(place_ + 1).starts_with(token);
    if (doubled) return false;
    place_ += token.size();
    return true;
  }

  Value sum() {
    Value left = product();
    while (left) {
      const bool plus = take("+");
      if (!plus && !take("-")) break;
      const Value right = product();
      if (!right) return right;
      left = plus ? *left + *right : *left - *right;
    }
    return left;
  }

  Value product() {
    Value left = sign();
    while (left) {
      const bool times = take("*"), whole = !times && take("//");
      if (!times && !whole && !take("/")) break;
      const Value right = sign();
      if (!right || (!times && *right == 0)) return std::nullopt;
      left = times ? *left * *right : whole ? std::floor(*left / *right) : *left / *right;
    }
    return left;
  }

  // All that nests comes through here.
  Value sign() {
    if (nesting_ == kMaxNesting) return std::nullopt;
    ++nesting_;
    const bool minus = take("-");
    Value result = minus || take("+") ? sign() : power();
    if (result && minus) result = -*result;
    --nesting_;
    return result;
  }

  Value power() {
    const Value base = atom();
    if (!base || !take("**")) return base;
    const Value exponent = sign();
    if (!exponent || (*base == 0 && *exponent < 0)) return std::nullopt;
    const double result = std::pow(*base, *exponent);
    return std::isnan(result) ? std::nullopt : Value(result);
  }

  Value atom() {
    if (!take("(")) return number();
    ++open_;
    const Value inner = sum();
    const bool closed = inner && take(")");
    --open_;
    return closed ? inner : std::nullopt;
  }

  Value number() {
    skip_blanks();
    const size_t begin = place_;
    while (place_ < text_.size() && (is_digit(text_[place_]) || text_[place_] == '.')) ++place_;
    const std::string digits(text_.substr(begin, place_ - begin));
    const size_t dots = static_cast<size_t>(std::count(digits.begin(), digits.end(), '.'));
    const bool leading_zero =
        dots == 0 && digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of('0') != std::string::npos;
    if (digits.size() == dots || dots > 1 || leading_zero) return std::nullopt;
    return std::strtod(digits.c_str(), nullptr);
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view text_;
  size_t place_ = 0;
  int open_ = 0, nesting_ = 0;  // parentheses; all kinds
};

}  // namespace

std::optional<double> python_arithmetic(std::string_view expression) {
  return Evaluator(expression).value();
}

}  // namespace freeact
