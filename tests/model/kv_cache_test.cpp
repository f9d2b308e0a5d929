// Passes over a part of a sequence, the rest of which a cache holds. While no token has changed they must give what the
// pass over everything gives.
#include "model/kv_cache.h"

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "model/random_model.h"
#include "quant/quantised_site.h"

namespace freeact {
namespace {

// Float32 sums in another order.
constexpr double kRounding = 2e-5;

double max_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

at::Tensor two_texts() {
  return at::tensor(std::vector<int64_t>{1, 2, 3, 39, 7, 39, 11, 4, 5, 39, 39, 6, 8, 39, 9, 10}).view({2, 8});
}

// Keys and values of 8 bits, which quantised sites read from the cache as well.
void quantise_keys_and_values(Decoder& model) {
  QuantisedKvPath::Parts parts;
  parts.key_grid = parts.value_grid = {8, true};
  for (Block& block : model.blocks) block.kv = std::make_shared<QuantisedKvPath>(parts);
}

struct CacheCase {
  const char* name;
  Decoder (*model)(at::ScalarType dtype);
  bool padded, quantised;
};

class CachedWindow : public testing::TestWithParam<CacheCase> {
 protected:
  CachedWindow() {
    if (GetParam().quantised) quantise_keys_and_values(model_);
    if (!GetParam().padded) return;
    mask_ = at::ones_like(ids_);
    mask_[1].slice(0, 0, 3).fill_(0);
  }
  at::Tensor pass(KvCache& cache, const at::Tensor& ids, int64_t begin, int64_t end) const {
    const ForwardContext window = model_.context(ids, mask_).window(cache, begin, end);
    return model_.logits(ids.slice(1, begin, end), window);
  }

  at::NoGradGuard no_grad_;
  Decoder model_ = GetParam().model(at::kFloat);
  const at::Tensor ids_ = two_texts();
  at::Tensor mask_;
};

TEST_P(CachedWindow, IsPartOfTheFullPass) {
  const at::Tensor full = model_.logits(ids_, mask_);
  KvCache cache(8);
  EXPECT_TRUE(at::equal(pass(cache, ids_, 0, 8), full));
  for (const auto& [begin, end] : std::vector<std::pair<int64_t, int64_t>>{{3, 5}, {4, 8}, {0, 2}, {7, 8}, {0, 8}})
    EXPECT_LT(max_difference(pass(cache, ids_, begin, end), full.slice(1, begin, end)), kRounding) << begin;
}

TEST_P(CachedWindow, SeesItsOwnTokensAsTheyAreAndTheOthersAsTheyWere) {
  KvCache cache(8);
  pass(cache, ids_, 0, 8);
  at::Tensor changed = ids_.clone();
  changed.select(1, 4).fill_(20);
  const at::Tensor inside = pass(cache, changed, 3, 6);
  EXPECT_GT(max_difference(inside.select(1, 0), model_.logits(ids_, mask_).select(1, 3)), 1e-3);
  changed.select(1, 7).fill_(21);  // outside the window: not looked at
  EXPECT_TRUE(at::equal(pass(cache, changed, 3, 6), inside));
}

TEST_P(CachedWindow, LeavesItsKeysAndValuesInTheCache) {
  KvCache cache(8);
  at::Tensor other = ids_.clone();
  other.slice(1, 3, 6).fill_(20);
  pass(cache, other, 0, 8);
  // One block deep the cache would be as new after this; the second block's entries outside the window stay old ones.
  pass(cache, ids_, 3, 6);
  KvCache stale(8);
  pass(stale, other, 0, 8);
  EXPECT_GT(max_difference(pass(cache, ids_, 6, 8), pass(stale, ids_, 6, 8)), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Families, CachedWindow,
                         testing::Values(CacheCase{"llada", random_llada, false, false},
                                         CacheCase{"llada_padded", random_llada, true, false},
                                         CacheCase{"llada_quantised", random_llada, true, true},
                                         CacheCase{"dream", random_dream, false, false},
                                         CacheCase{"dream_padded", random_dream, true, false},
                                         CacheCase{"dream_quantised", random_dream, true, true}),
                         [](const auto& test) { return test.param.name; });

class CausalCache : public testing::Test {
 protected:
  CausalCache() { model_.config.causal = true; }
  at::Tensor pass(KvCache& cache, int64_t begin, int64_t end) const {
    return model_.logits(ids_.slice(1, begin, end), model_.context(ids_).window(cache, begin, end));
  }
  at::NoGradGuard no_grad_;
  Decoder model_ = random_llada();
  const at::Tensor ids_ = two_texts();
};

TEST_F(CausalCache, AppendedTokensComeOutAsInTheFullPass) {
  const at::Tensor full = model_.logits(ids_);
  KvCache cache(20);
  for (const auto& [begin, end] : std::vector<std::pair<int64_t, int64_t>>{{0, 3}, {3, 4}, {4, 7}, {7, 8}})
    EXPECT_LT(max_difference(pass(cache, begin, end), full.slice(1, begin, end)), kRounding) << begin;
}

TEST_F(CausalCache, AWindowInTheMiddleDoesNotSeeWhatFollows) {
  const at::Tensor full = model_.logits(ids_);
  KvCache cache(8);
  pass(cache, 0, 8);
  EXPECT_LT(max_difference(pass(cache, 2, 5), full.slice(1, 2, 5)), kRounding);
}

TEST_F(CausalCache, PositionsThatLeaveAGapOrDoNotFitAreADefect) {
  KvCache cache(5);
  pass(cache, 0, 3);
  EXPECT_THROW(pass(cache, 4, 5), Defect);
  EXPECT_THROW(pass(cache, 3, 6), Defect);
}

}  // namespace
}  // namespace freeact
