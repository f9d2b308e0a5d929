// Questions about pictures in rows: a picture's tokens once, then its questions with their answers, none of which sees
// another. Each is predicted as if it were asked alone. Letters: B rows (pictures), T tokens, M answer tokens.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "embedded/vision_sources.h"
#include "model/decoder.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

struct VisionRows {
  at::Tensor ids_BT, positions_BT;  // int64
  at::Tensor groups_BT;             // int64: 0 the picture, then the number of the question, -1 behind the last one
  at::Tensor predicting_M;          // int64: index into [B T] of the token before each answer token
  at::Tensor targets_M;             // int64
  at::Tensor questions_M;           // int64: number of the question in the batch
  std::vector<int64_t> picture_of;  // for each question of the batch, its picture
  int64_t tokens = 0;               // padding not counted
};

// Lays out what a Prompter of the finished model would ask, each with its answer and the end of the turn.
class RowLayout {
 public:
  // tokenizer: of the base. first_id: of <img>, </img> and <IMG_CONTEXT>, which it lacks.
  RowLayout(const Tokenizer& tokenizer, int64_t first_id, int64_t tokens_per_picture);

  // questions: for each picture, at least one.
  VisionRows rows(const std::vector<std::vector<PictureQuestion>>& questions) const;

 private:
  struct Turn {
    std::vector<int64_t> ids;
    size_t answer_begin;
  };
  Turn turn(const PictureQuestion& question) const;

  const Tokenizer& tokenizer_;
  std::vector<int64_t> picture_;  // all up to the end of the picture
};

// For Block::forward of a decoder whose config is not causal: the rows' own mask says who sees whom.
ForwardContext rows_context(const Decoder& decoder, const VisionRows& rows);

}  // namespace freeact
