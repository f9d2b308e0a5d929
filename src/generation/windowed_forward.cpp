#include "generation/windowed_forward.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "generation/unmasking.h"

namespace freeact {

WindowedForward::WindowedForward(const Decoder& model, const at::Tensor& start_BL, const at::Tensor& attention_mask_BL,
                                 double cfg_scale, const std::string& kv_cache, DecodeStatistics& statistics)
    : model_(model),
      given_BL_(start_BL != model.config.mask_id),
      roles_BL_(roles_of_blanks(start_BL, model.config.mask_id)),
      cfg_scale_(cfg_scale),
      kv_cache_(kv_cache),
      statistics_(statistics),
      length_(start_BL.size(1)) {
  if (guided()) roles_BL_ = roles_BL_.repeat({2, 1});
  const bool twice = guided() && attention_mask_BL.defined();
  context_ = model.context(inputs(start_BL), twice ? attention_mask_BL.repeat({2, 1}) : attention_mask_BL);
  if (kv_cache != "none") cache_.emplace(length_);
}

void WindowedForward::begin_block(int64_t begin, int64_t end) {
  // The row that predicts the block's first position may stand before the block.
  block_ = {std::max<int64_t>(0, model_.config.shifted_logits ? begin - 1 : begin), end};
  cache_is_fresh_ = false;
}

WindowedForward::Window WindowedForward::next_window() const {
  if (!cache_is_fresh_) return {0, length_};
  return {block_.begin, kv_cache_ == "prefix" ? length_ : block_.end};
}

TokenBatch WindowedForward::inputs(const at::Tensor& tokens_BL) const {
  TokenBatch batch =
      guided() ? at::cat({tokens_BL, at::where(given_BL_, model_.config.mask_id, tokens_BL)}) : tokens_BL;
  batch.roles_BT = roles_BL_;
  return batch;
}

at::Tensor WindowedForward::hidden(const at::Tensor& tokens_BL, const Window& window) {
  const TokenBatch batch = inputs(tokens_BL);
  context_.types_BT = model_.types(batch);  // of the whole sequence, also where a window of it is run
  const at::Tensor ids_BT = batch.ids_BT.slice(1, window.begin, window.end);
  ++statistics_.forward_passes;
  statistics_.positions += ids_BT.numel();
  if (!cache_) return model_.hidden(ids_BT, context_);
  cache_is_fresh_ = true;
  return model_.hidden(ids_BT, context_.window(*cache_, window.begin, window.end));
}

at::Tensor WindowedForward::predicting_rows(const at::Tensor& hidden_BTD, const at::Tensor& places_M,
                                            int64_t begin) const {
  const at::Tensor row_M = places_M.div(length_, "floor"), column_M = places_M.remainder(length_);
  const at::Tensor source_M = model_.config.shifted_logits ? (column_M - 1).clamp_min(0) : column_M;
  return hidden_BTD.flatten(0, 1).index_select(0, row_M * hidden_BTD.size(1) + source_M - begin);
}

at::Tensor WindowedForward::logits(const at::Tensor& tokens_BL, const at::Tensor& places_M) {
  const Window window = next_window();
  const at::Tensor hidden_BTD = hidden(tokens_BL, window);
  const auto rows = [&](const at::Tensor& half_BTD) { return predicting_rows(half_BTD, places_M, window.begin); };
  if (!guided()) return model_.output(rows(hidden_BTD), context_);
  const auto halves = hidden_BTD.chunk(2);
  const auto logits = model_.output(at::cat({rows(halves[0]), rows(halves[1])}), context_).chunk(2);
  return guide(logits[0], logits[1], cfg_scale_);
}

}  // namespace freeact
