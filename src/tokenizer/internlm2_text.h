// The tokenizer class InternLM2Tokenizer, of InternVL2.5: sentencepiece between the added tokens, and a decoder that
// puts spaces at them. Source: transformers 4.37 (PreTrainedTokenizer) with tokenization_internlm2.py of the
// checkpoint.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "tokenizer/sentencepiece_bpe.h"
#include "tokenizer/text_model.h"
#include "tokenizer/tokenizer_files.h"

namespace freeact {

class InternLm2Text : public TextModel {
 public:
  // files.sentencepiece must be there.
  explicit InternLm2Text(const TokenizerFiles& files);

  void encode(std::string_view text, std::vector<int64_t>& ids) const override { pieces_.encode(text, ids); }
  std::string decode(std::span<const int64_t> ids) const override;

 private:
  std::string decode_stretch(std::span<const int64_t> ids) const;

  SentencePieceBpe pieces_;
  std::unordered_map<int64_t, std::string> added_;
  std::unordered_set<int64_t> apart_;  // added tokens that stand by themselves, with a space at either side
  bool clean_up_;
};

}  // namespace freeact
