// The one decoder of all language models of the suite. A family file (model/family.h) maps published tensor names and
// config keys to it. Letters: B batch, T tokens, D width, H heads, G key/value heads, K head width, V vocabulary rows.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/kv_cache.h"
#include "model/token_batch.h"
#include "model/token_type_rule.h"
#include "ops/ops.h"
#include "quant/site.h"

namespace freeact {

// How a padded batch is masked and numbered.
enum class PaddingRule {
  kKeysOnly,        // LLaDA: pads are hidden as keys; positions count from the left edge, pads included
  kQueriesAndKeys,  // Dream: attention only among real tokens; positions count real tokens
};

struct DecoderConfig {
  std::string family;
  int64_t width = 0, num_heads = 0, num_kv_heads = 0, head_width = 0, num_layers = 0, mlp_width = 0;
  int64_t vocabulary_rows = 0;  // rows of embedding and head; may exceed the tokenizer's ids
  double norm_eps = 1e-5, rope_theta = 10000.0;
  bool causal = false, qkv_bias = false, tied_head = false;
  bool rope_in_model_dtype = false;  // Dream casts cosine and sine to the model's dtype, LLaDA rotates in float32
  bool shifted_logits = false;       // Dream: row i-1 predicts position i
  PaddingRule padding = PaddingRule::kKeysOnly;
  std::string sampler = "none";  // how a masked-diffusion model generates: "llada" or "dream"; none: autoregressive
  int64_t mask_id = -1, eos_id = -1, pad_id = -1;
  std::vector<int64_t> more_stop_ids;  // tokens besides eos_id that end an answer
  int64_t feature_id = -1;             // the token whose embeddings come from outside, such as those of an image
  std::vector<std::string> token_types = {"visible", "mask"};  // name of each token-type index
  TokenTypeRule type_rule;                                     // which of them a token has: see set_type_rule()
  // Rotary embedding over several axes: how many of the K/2 frequencies, in turn, belong to each. Empty: one axis.
  std::vector<int64_t> rope_sections;
  // Past max_positions tokens the rotary base grows with this factor; 0: it does not.
  double dynamic_rope_factor = 0;
  int64_t max_positions = 0;

  bool ends_answer(int64_t id) const;
};

// Called with (point, tensor) as a forward pass goes by: "embed", "block0.attention.qkv.input",
// "block0.attention.qkv.output.0", "block0.rope.q", "block0.rope.k", "block0", "final_norm".
using Observer = std::function<void(const std::string& point, const at::Tensor& value)>;

// What a forward pass knows of its batch besides the activations. S: positions of the whole sequence; T = S unless the
// pass runs a window of them.
struct ForwardContext {
  at::Tensor types_BT;  // int64, index into DecoderConfig::token_types
  RopeTable rope;
  at::Tensor bias;  // additive attention bias [B, 1, 1 or T, S], undefined when nothing is hidden
  const Observer* observer = nullptr;
  KvCache* cache = nullptr;  // when set: the pass stores its keys and values there and attends to all it holds
  int64_t begin = 0;         // position of the first token of the pass in the cache

  // The same for the tokens [begin, end) of a whole sequence, which attend to that sequence through the cache.
  ForwardContext window(KvCache& of_sequence, int64_t window_begin, int64_t window_end) const;

  void observe(const std::string& point, const at::Tensor& value) const {
    if (observer) (*observer)(point, value);
  }
};

// One transformer block: its float weights, and how each site computes (null: from the float weights).
struct Block {
  int64_t index = 0;
  at::Tensor attention_norm, mlp_norm;                 // [D]
  std::array<std::vector<Linear>, kNumSites> linears;  // {q, k, v}, {o}, {gate, up}, {down}
  std::array<std::shared_ptr<const Site>, kNumSites> sites;
  std::shared_ptr<const KvPath> kv;

  // hidden [B, T, D] -> [B, T, D].
  at::Tensor forward(const at::Tensor& hidden_BTD, const ForwardContext& context, const DecoderConfig& config) const;
  at::Device device() const { return attention_norm.device(); }  // where all of it lies
  std::vector<Linear>& at(SiteId id) { return linears[static_cast<size_t>(id)]; }
  const std::vector<Linear>& at(SiteId id) const { return linears[static_cast<size_t>(id)]; }

 private:
  std::vector<at::Tensor> run_site(SiteId id, const at::Tensor& x_BTD, const ForwardContext& context) const;
  at::Tensor attend(const at::Tensor& x_BTD, const ForwardContext& context, const DecoderConfig& config) const;
};

// A copy shares its tensors with the original; rewrites replace tensors and never change them in place. Batches and
// masks may lie anywhere: a pass moves them to where the model computes, and leaves its results there.
struct Decoder {
  DecoderConfig config;
  at::Tensor embedding;  // [V, D]
  std::vector<Block> blocks;
  at::Tensor final_norm;        // [D]
  Linear head;                  // [V, D]
  at::Tensor feature_basis_DD;  // float64; features are multiplied by it before the first block; undefined: as they are

  at::Device device() const { return embedding.device(); }

  // attention_mask [B, T] (1 real, 0 pad) may be undefined.
  ForwardContext context(const TokenBatch& batch, const at::Tensor& attention_mask_BT = {}) const;
  // What the rule makes of whole sequences, whatever types_BT the batch has.
  at::Tensor types(const TokenBatch& batch) const { return config.type_rule.types(batch, config); }
  // Throws UserError unless the batch has as many features as tokens that take one, or none at all.
  at::Tensor embed(const TokenBatch& batch) const;
  // Hidden states [B, T, D] after all blocks, before the final norm. The batch is that of the context's window.
  at::Tensor hidden(const TokenBatch& batch, const ForwardContext& context) const;
  // Logits [.., V] of any rows [.., D] of the hidden states.
  at::Tensor output(const at::Tensor& hidden, const ForwardContext& context) const;
  at::Tensor logits(const TokenBatch& batch, const ForwardContext& context) const;
  at::Tensor logits(const TokenBatch& batch, const at::Tensor& attention_mask_BT = {}) const;

  // Multiplies all that enters the first block by a float64 matrix [D, D], computing where that lies.
  void transform_embeddings(const at::Tensor& matrix_DD);

 private:
  at::Tensor positions(const TokenBatch& batch, const at::Tensor& mask_BT) const;
};

}  // namespace freeact
