// What every method of the table makes of a small model runs on the integer backend.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <string>

#include "kernel/cpu/site.h"
#include "quantised_tiny_decoder.h"
#include "same_outputs.h"

namespace freeact {
namespace {

// Runs simulated and compares on the way: in a whole model, where a sum is rounded decides now and then on a code of
// the layers behind it.
class ComparingSite : public Site {
 public:
  ComparingSite(std::shared_ptr<const QuantisedSite> simulated, std::string what)
      : simulated_(std::move(simulated)), integer_(cpu_site(simulated_)), what_(std::move(what)) {}

  std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override {
    const auto wanted = simulated_->forward(x_BTD, types_BT);
    if (!integer_) ADD_FAILURE() << what_ << " cannot compute with integers";
    if (integer_) expect_same_outputs(integer_->forward(x_BTD, types_BT), wanted, what_);
    return wanted;
  }

 private:
  std::shared_ptr<const QuantisedSite> simulated_;
  std::shared_ptr<const Site> integer_;
  std::string what_;
};

class MethodSites : public testing::TestWithParam<std::string> {};

TEST_P(MethodSites, ComputesWithItsIntegersWhatItSimulates) {
  const bool learns = GetParam() == "flatquant" || GetParam() == "freeact" || GetParam() == "freeact_plus";
  const Json settings = learns ? Json{{"epochs", 1}, {"batch_size", 2}} : Json::object();
  const Grid four = {4, true}, groups = {4, true, 8}, asymmetric = {4, false}, none = {16, true};
  for (const QuantSpec& spec : {QuantSpec{four, four, none, none}, QuantSpec{groups, groups, none, none},
                                QuantSpec{four, asymmetric, none, none}}) {
    Decoder model = quantised_tiny_decoder(GetParam(), settings, spec);
    for (Block& block : model.blocks)
      for (size_t i = 0; i < kNumSites; ++i) {
        const auto site = std::dynamic_pointer_cast<const QuantisedSite>(block.sites[i]);
        ASSERT_TRUE(site) << kSiteNames[i];
        block.sites[i] = std::make_shared<ComparingSite>(site, kSiteNames[i]);
      }
    const at::NoGradGuard no_grad;
    model.logits(tiny_batches(1)[0]);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, MethodSites, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const MethodEntry& entry : method_table()) names.push_back(entry.name);
                           return names;
                         }()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace freeact
