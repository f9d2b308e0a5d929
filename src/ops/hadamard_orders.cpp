// The constructions of Hadamard matrices.
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>

#include "ops/hadamard.h"
#include "util/error.h"

namespace freeact {
namespace {

// q = prime^degree
struct PrimePower {
  int64_t prime, degree, q;
};

std::optional<PrimePower> as_prime_power(int64_t q) {
  if (q < 2) return std::nullopt;
  int64_t prime = 2;
  while (prime * prime <= q && q % prime != 0) ++prime;
  if (q % prime != 0) prime = q;
  int64_t degree = 0;
  int64_t rest = q;
  for (; rest % prime == 0; rest /= prime) ++degree;
  if (rest != 1) return std::nullopt;
  return PrimePower{prime, degree, q};
}

// Elements of GF(p^k) are polynomials over GF(p) of degree below k, stored as the digits of a number in base p, lowest
// first. So 0 is zero and addition is digit-wise.
std::vector<int64_t> digits(int64_t element, const PrimePower& field) {
  std::vector<int64_t> result;
  for (int64_t i = 0; i < field.degree; ++i, element /= field.prime) result.push_back(element % field.prime);
  return result;
}

int64_t subtract(int64_t a, int64_t b, int64_t prime) {
  int64_t result = 0;
  for (int64_t place = 1; a != b; a /= prime, b /= prime, place *= prime)
    result += (a % prime - b % prime + prime) % prime * place;
  return result;
}

// The square of an element modulo x^k + tail, where the tail has degree below k.
int64_t square(int64_t element, int64_t tail, const PrimePower& field) {
  const auto [p, k, q] = field;
  const std::vector<int64_t> a = digits(element, field);
  const std::vector<int64_t> low = digits(tail, field);
  std::vector<int64_t> product(2 * k - 1, 0);
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = 0; j < k; ++j) product[i + j] = (product[i + j] + a[i] * a[j]) % p;
  for (int64_t top = 2 * k - 2; top >= k; --top)  // x^top = -tail x^(top - k)
    for (int64_t i = 0; i < k; ++i) product[top - k + i] = (product[top - k + i] + (p - product[top]) * low[i]) % p;
  int64_t result = 0;
  for (int64_t i = k; i-- > 0;) result = result * p + product[i];
  return result;
}

// The nonzero squares of GF(q), q odd. The modulus is the first that makes the ring a field: exactly then no nonzero
// element squares to zero and only y and -y share a square, so that there are (q - 1) / 2 squares; any other modulus
// gives fewer.
std::set<int64_t> nonzero_squares(const PrimePower& field) {
  for (int64_t tail = 0; tail < field.q; ++tail) {
    std::set<int64_t> squares;
    for (int64_t y = 1; y < field.q; ++y) squares.insert(square(y, tail, field));
    squares.erase(0);
    if (static_cast<int64_t>(squares.size()) == (field.q - 1) / 2) return squares;
  }
  FREEACT_CHECK(false, "no irreducible polynomial for GF({})", field.q);
  return {};
}

// Paley's conference matrix of order q + 1: zero diagonal, +-1 elsewhere, C C^T = q I. The core is chi(a - b), chi the
// quadratic character of GF(q); C is symmetric for q = 1 mod 4 and skew for q = 3 mod 4.
at::Tensor conference_matrix(const PrimePower& field) {
  const int64_t q = field.q;
  std::vector<int8_t> character(q, -1);
  character[0] = 0;
  for (const int64_t element : nonzero_squares(field)) character[element] = 1;
  at::Tensor matrix = at::ones({q + 1, q + 1}, at::kChar);
  auto entries = matrix.accessor<int8_t, 2>();
  entries[0][0] = 0;
  for (int64_t a = 0; a < q; ++a) {
    entries[a + 1][0] = q % 4 == 1 ? 1 : -1;
    for (int64_t b = 0; b < q; ++b) entries[a + 1][b + 1] = character[subtract(a, b, field.prime)];
  }
  return matrix;
}

at::Tensor int8_matrix(at::ArrayRef<int> entries) {
  const auto side = static_cast<int64_t>(std::sqrt(entries.size()));
  return at::tensor(entries, at::kChar).view({side, side});
}

bool is_paley_one(int64_t order) {
  return order % 4 == 0 && as_prime_power(order - 1).has_value();
}

// C + I with skew C.
at::Tensor paley_one(int64_t order) {
  return conference_matrix(*as_prime_power(order - 1)) + at::eye(order, at::kChar);
}

bool is_paley_two(int64_t order) {
  return order % 4 == 0 && order / 2 % 4 == 2 && as_prime_power(order / 2 - 1).has_value();
}

// Symmetric C: 0 becomes [1 -1; -1 -1] and +-1 becomes +-[1 1; 1 -1].
at::Tensor paley_two(int64_t order) {
  const at::Tensor conference = conference_matrix(*as_prime_power(order / 2 - 1));
  return at::kron(conference, int8_matrix({1, 1, 1, -1})) +
         at::kron(at::eye(order / 2, at::kChar), int8_matrix({1, -1, -1, -1}));
}

// Four symmetric circulant +-1 matrices of odd side n with A^2 + B^2 + C^2 + D^2 = 4n I. Every first row is symmetric,
// a[j] = a[n - j], with a[0] = 1; bit j - 1 of its mask says that a[j] = -1. Found by exhaustive search: rows whose
// spectrum exceeds 4n are dropped, and pairs (A, B) and (C, D) are matched by hashing their summed autocorrelations.
// For 43 rows invariant under multiplication of the index by 6 suffice.
struct Williamson {
  int64_t side;
  std::array<uint32_t, 4> masks;
};
constexpr std::array<Williamson, 4> kWilliamson = {{{23, {0xa7, 0x613, 0x31f, 0x254}},
                                                    {29, {0x2f3, 0x6bb, 0x30a6, 0xb11}},
                                                    {39, {0x159f9, 0x2bc37, 0x7d346, 0x3c977}},
                                                    {43, {0x1baf3, 0x4789a, 0x1210f5, 0x82d63}}}};

const Williamson* find_williamson(int64_t order) {
  for (const Williamson& entry : kWilliamson)
    if (4 * entry.side == order) return &entry;
  return nullptr;
}

at::Tensor symmetric_circulant(int64_t side, uint32_t mask) {
  at::Tensor matrix = at::ones({side, side}, at::kChar);
  auto entries = matrix.accessor<int8_t, 2>();
  for (int64_t i = 0; i < side; ++i)
    for (int64_t j = 0; j < side; ++j) {
      const int64_t distance = std::min(std::abs(i - j), side - std::abs(i - j));
      if (distance > 0 && (mask >> (distance - 1) & 1) != 0) entries[i][j] = -1;
    }
  return matrix;
}

at::Tensor williamson(const Williamson& entry) {
  std::array<at::Tensor, 4> blocks;
  for (size_t i = 0; i < blocks.size(); ++i) blocks[i] = symmetric_circulant(entry.side, entry.masks[i]);
  const auto& [a, b, c, d] = blocks;
  return at::cat(
      {at::cat({a, b, c, d}, 1), at::cat({-b, a, -d, c}, 1), at::cat({-c, d, a, -b}, 1), at::cat({-d, -c, b, a}, 1)});
}

}  // namespace

bool hadamard_order_exists(int64_t order) {
  if (order < 1) return false;
  return order == 1 || (order % 2 == 0 && hadamard_order_exists(order / 2)) || is_paley_one(order) ||
         is_paley_two(order) || find_williamson(order) != nullptr;
}

at::Tensor hadamard_matrix(int64_t order) {
  if (order == 1) return at::ones({1, 1}, at::kChar);
  if (order > 1 && order % 2 == 0 && hadamard_order_exists(order / 2))
    return at::kron(int8_matrix({1, 1, 1, -1}), hadamard_matrix(order / 2));
  if (is_paley_one(order)) return paley_one(order);
  if (is_paley_two(order)) return paley_two(order);
  if (const Williamson* entry = find_williamson(order)) return williamson(*entry);
  throw UserError("no Hadamard matrix of order {} can be constructed", order);
}

}  // namespace freeact
