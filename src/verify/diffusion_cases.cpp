#include "verify/diffusion_cases.h"

#include <ATen/ATen.h>

namespace freeact {

void check_trajectory(ReferenceCase& reference, int64_t answer_length, const Sampler& sampler) {
  const Decoder& model = reference.set().model(at::kFloat);
  const at::Tensor prompt_BP = reference.input("prompt_ids"), mask_BP = reference.optional_input("attention_mask");
  std::vector<at::Tensor> tokens = {append_masks(prompt_BP, {}, answer_length, model.config.mask_id).tokens_BL};
  std::vector<at::Tensor> predicted, confidence;
  sampler(model, prompt_BP, mask_BP,
          [&](const at::Tensor& tokens_BL, const at::Tensor& predicted_BL, const at::Tensor& confidence_BL) {
            tokens.push_back(tokens_BL);
            predicted.push_back(predicted_BL);
            confidence.push_back(confidence_BL);
          });
  const double bound = reference.set().bound("confidence_max_abs", 1e-4);
  reference.compare("tokens", at::stack(tokens), Tolerance::exact());
  reference.compare("x0", at::stack(predicted), Tolerance::exact());
  reference.compare("confidence", at::stack(confidence), Tolerance::all_close(0, bound));
}

}  // namespace freeact
