#include "model/token_type_rule.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "model/random_model.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int64_t kMask = 39, kImage = 30;
constexpr int64_t kSystem = 0, kQuestion = 1, kAnswer = 2;  // roles

at::Tensor rows(const std::vector<std::vector<int64_t>>& values) {
  std::vector<at::Tensor> stacked;
  for (const auto& row : values) stacked.push_back(at::tensor(row, at::kLong));
  return at::stack(stacked);
}

DecoderConfig diffusion(TypeScheme scheme, double late_mask_share = 0.5) {
  DecoderConfig config = llada_family().read_config(llada_config());
  set_type_rule(config, {scheme, late_mask_share});
  return config;
}

DecoderConfig chat(bool sees_images) {
  DecoderConfig config = llama_family().read_config(llama_config());
  if (sees_images) config.feature_id = kImage;
  set_type_rule(config, {TypeScheme::kTextVisionSystemAnswer});
  return config;
}

void expect_types(const DecoderConfig& config, const at::Tensor& ids, const at::Tensor& roles,
                  const std::vector<std::vector<int64_t>>& expected) {
  TokenBatch batch = ids;
  batch.roles_BT = roles;
  const at::Tensor types = config.type_rule.types(batch, config);
  EXPECT_TRUE(at::equal(types, rows(expected))) << types;
  EXPECT_LT(types.max().item<int64_t>(), std::ssize(config.token_types));
}

TEST(TypeRule, TheFamilysOwnTypesAreThoseOfTheIdsWhateverTheRoles) {
  const DecoderConfig config = llada_family().read_config(llada_config());
  EXPECT_THAT(config.token_types, ElementsAre("visible", "mask"));
  for (const at::Tensor& roles : {at::Tensor(), rows({{kQuestion, kAnswer, kAnswer}})})
    expect_types(config, rows({{5, 6, kMask}}), roles, {{0, 0, 1}});
  EXPECT_FALSE(config.type_rule.reads_roles());
}

TEST(TypeRule, AllTokensMayBeAlike) {
  const DecoderConfig config = diffusion(TypeScheme::kOne);
  EXPECT_THAT(config.token_types, ElementsAre("token"));
  expect_types(config, rows({{5, kMask, 7}}), {}, {{0, 0, 0}});
}

TEST(TypeRule, WhatTheModelWroteIsNoPrompt) {
  const DecoderConfig config = diffusion(TypeScheme::kPromptGeneratedMask);
  EXPECT_THAT(config.token_types, ElementsAre("prompt", "generated", "mask"));
  expect_types(config, rows({{5, 6, 5, kMask, 6}}), rows({{kQuestion, kQuestion, kAnswer, kAnswer, kAnswer}}),
               {{0, 0, 1, 2, 1}});
  expect_types(config, rows({{5, kMask, 7}}), {}, {{0, 2, 0}});  // without roles all that is seen counts as given
}

// Each row by itself; masks that guidance puts in place of the prompt do not make the answer noisier.
TEST(TypeRule, MasksAreLateOnceFewOfTheAnswerAreLeft) {
  const DecoderConfig config = diffusion(TypeScheme::kEarlyLateMask);
  EXPECT_THAT(config.token_types, ElementsAre("visible", "early_mask", "late_mask"));
  const at::Tensor roles = rows({{kQuestion, kAnswer, kAnswer, kAnswer, kAnswer}}).expand({4, 5});
  expect_types(config,
               rows({{1, kMask, kMask, kMask, kMask},
                     {1, kMask, 2, 3, kMask},  // half of them: early still
                     {1, 2, kMask, 3, 4},
                     {kMask, 2, kMask, 3, 4}}),
               roles, {{0, 1, 1, 1, 1}, {0, 1, 0, 0, 1}, {0, 0, 2, 0, 0}, {2, 0, 2, 0, 0}});
  expect_types(config, rows({{1, kMask, 2, 3, kMask}}), {}, {{0, 2, 0, 0, 2}});  // of the sequence, without roles
}

TEST(TypeRule, TheShareThatMakesMasksLateIsASetting) {
  const at::Tensor ids = rows({{kMask, kMask, 2, 3}}), roles = rows({{kAnswer, kAnswer, kAnswer, kAnswer}});
  expect_types(diffusion(TypeScheme::kEarlyLateMask, 0.4), ids, roles, {{1, 1, 0, 0}});
  expect_types(diffusion(TypeScheme::kEarlyLateMask, 0.6), ids, roles, {{2, 2, 0, 0}});
}

TEST(TypeRule, AChatHasASystemTextPicturesAndAnswers) {
  const at::Tensor ids = rows({{1, 2, kImage, kImage, 3, 4, 5}}),
                   roles = rows({{kSystem, kQuestion, kQuestion, kQuestion, kQuestion, kSystem, kAnswer}});
  EXPECT_THAT(chat(true).token_types, ElementsAre("text", "vision", "system", "answer"));
  expect_types(chat(true), ids, roles, {{2, 0, 1, 1, 0, 2, 3}});
  EXPECT_THAT(chat(false).token_types, ElementsAre("text", "system", "answer"));
  expect_types(chat(false), ids, roles, {{1, 0, 0, 0, 0, 1, 2}});
  expect_types(chat(true), ids, {}, {{0, 0, 1, 1, 0, 0, 0}});  // running text is text
}

TEST(TypeRule, TypesThatAModelDoesNotHaveAreRefused) {
  DecoderConfig causal = llama_family().read_config(llama_config()),
                masked = llada_family().read_config(llada_config());
  for (const TypeScheme scheme : {TypeScheme::kPromptGeneratedMask, TypeScheme::kEarlyLateMask})
    EXPECT_THAT([&] { set_type_rule(causal, {scheme}); }, ThrowsMessage<UserError>(HasSubstr("has no mask token")));
  EXPECT_THAT([&] { set_type_rule(masked, {TypeScheme::kTextVisionSystemAnswer}); },
              ThrowsMessage<UserError>(HasSubstr("use prompt_generated_mask")));
  EXPECT_THAT([] { parse_type_scheme("late_early_mask"); }, ThrowsMessage<UserError>(HasSubstr("early_late_mask")));
  for (const auto& name : type_scheme_names()) EXPECT_EQ(type_scheme_names()[size_t(parse_type_scheme(name))], name);
}

TEST(Roles, AnAnswerBehindAPromptIsKnownAsOne) {
  const TokenBatch whole = extended(given({5, 6}), {7, 8});
  EXPECT_TRUE(at::equal(whole.roles_BT, rows({{kQuestion, kQuestion, kAnswer, kAnswer}})));
  EXPECT_TRUE(at::equal(whole.roles_BT, roles_of_prompt(2, 4)));
  EXPECT_FALSE(extended(std::vector<int64_t>{5, 6}, {7}).roles_BT.defined()) << "nobody knows whose text it continues";
}

TEST(Roles, StayWithTheirSequencesInABatch) {
  TokenBatch a = rows({{1, 2}}), b = rows({{3, 4}});
  a.roles_BT = rows({{kQuestion, kAnswer}});
  b.roles_BT = rows({{kAnswer, kAnswer}});
  const auto batches = make_batches({a, b, TokenBatch(rows({{5, 6}}))}, 4);
  ASSERT_EQ(batches.size(), 2u) << "a sequence without roles does not join";
  EXPECT_TRUE(at::equal(batches[0].roles_BT, rows({{kQuestion, kAnswer}, {kAnswer, kAnswer}})));
  EXPECT_TRUE(at::equal(roles_of_blanks(rows({{1, kMask}}), kMask), rows({{kQuestion, kAnswer}})));
}

}  // namespace
}  // namespace freeact
