#include "embedded/vision_rows.h"

#include <ATen/ATen.h>

#include "embedded/vision_form.h"
#include "tokenizer/chat.h"
#include "util/error.h"

namespace freeact {
namespace {

// The base's chat around a picture: what comes before the tokens of the picture, and behind them.
struct Halves {
  std::string before, behind;
};

Halves prompt_halves(const std::string& question) {
  const Message message = question_with_images(ChatFamily::kInternVl, question, 1);
  const std::string prompt = render_chat(ChatFamily::kInternVl, {message}, true, "", {{1}});
  const std::string picture = fmt::format("{}{}{}", kImageOpen, kImageContext, kImageClose);
  const size_t found = prompt.find(picture);
  FREEACT_CHECK(found != std::string::npos, "no picture in '{}'", prompt);
  return {prompt.substr(0, found), prompt.substr(found + picture.size())};
}

at::Tensor padded(const std::vector<std::vector<int64_t>>& rows, int64_t length, int64_t fill) {
  const at::Tensor all = at::full({std::ssize(rows), length}, fill, at::kLong);
  for (size_t i = 0; i < rows.size(); ++i)
    all[static_cast<int64_t>(i)].narrow(0, 0, std::ssize(rows[i])).copy_(at::tensor(rows[i], at::kLong));
  return all;
}

}  // namespace

RowLayout::RowLayout(const Tokenizer& tokenizer, int64_t first_id, int64_t tokens_per_picture)
    : tokenizer_(tokenizer), picture_(tokenizer.encode(prompt_halves("").before)) {
  picture_.push_back(first_id);
  picture_.insert(picture_.end(), static_cast<size_t>(tokens_per_picture), first_id + 2);
  picture_.push_back(first_id + 1);
}

// Special tokens part the text, so that what stands behind the picture is encoded as it would be in the whole.
RowLayout::Turn RowLayout::turn(const PictureQuestion& question) const {
  const std::string asked = prompt_halves(question.input).behind;
  const size_t begin = tokenizer_.encode(asked).size();
  Turn turn{tokenizer_.encode(asked + question.answer + end_of_turn(ChatFamily::kInternVl)), begin};
  FREEACT_CHECK(turn.ids.size() > begin, "no answer in '{}'", question.answer);
  return turn;
}

VisionRows RowLayout::rows(const std::vector<std::vector<PictureQuestion>>& questions) const {
  VisionRows rows;
  std::vector<std::vector<int64_t>> ids, positions, groups;
  std::vector<std::pair<int64_t, int64_t>> places;  // row and column of the tokens that predict
  std::vector<int64_t> targets, numbers;
  int64_t length = 0;
  for (size_t row = 0; row < questions.size(); ++row) {
    ids.push_back(picture_);
    groups.emplace_back(picture_.size(), 0);
    positions.emplace_back();
    for (size_t i = 0; i < picture_.size(); ++i) positions[row].push_back(static_cast<int64_t>(i));
    for (size_t asked = 0; asked < questions[row].size(); ++asked) {
      const Turn turn = this->turn(questions[row][asked]);
      for (size_t i = 0; i < turn.ids.size(); ++i) {
        if (i >= turn.answer_begin) {
          places.emplace_back(row, std::ssize(ids[row]) - 1);
          targets.push_back(turn.ids[i]);
          numbers.push_back(std::ssize(rows.picture_of));
        }
        ids[row].push_back(turn.ids[i]);
        positions[row].push_back(static_cast<int64_t>(picture_.size() + i));
        groups[row].push_back(static_cast<int64_t>(asked) + 1);
      }
      rows.picture_of.push_back(static_cast<int64_t>(row));
    }
    length = std::max<int64_t>(length, std::ssize(ids[row]));
    rows.tokens += std::ssize(ids[row]);
  }
  std::vector<int64_t> predicting;
  for (const auto& [row, column] : places) predicting.push_back(row * length + column);
  rows.ids_BT = padded(ids, length, 0);
  rows.positions_BT = padded(positions, length, 0);
  rows.groups_BT = padded(groups, length, -1);
  rows.predicting_M = at::tensor(predicting, at::kLong);
  rows.targets_M = at::tensor(targets, at::kLong);
  rows.questions_M = at::tensor(numbers, at::kLong);
  return rows;
}

ForwardContext rows_context(const Decoder& decoder, const VisionRows& rows) {
  FREEACT_CHECK(!decoder.config.causal, "rows of questions bring their own mask");
  const auto dtype = decoder.embedding.scalar_type();
  const DecoderConfig& c = decoder.config;
  ForwardContext context;
  context.types_BT = decoder.types(rows.ids_BT);
  context.rope = rope_table(rows.positions_BT, c.head_width, c.rope_theta);
  if (c.rope_in_model_dtype) context.rope = {context.rope.cos.to(dtype), context.rope.sin.to(dtype)};
  // [B, 1, T queries, T keys]: earlier tokens of the own question and of the picture. A query behind the last question
  // sees none and hence all alike, which nobody reads.
  const at::Tensor queries = rows.groups_BT.unsqueeze(1).unsqueeze(-1), keys = rows.groups_BT.unsqueeze(1).unsqueeze(2);
  const int64_t length = rows.ids_BT.size(1);
  const at::Tensor later = at::ones({length, length}, at::kBool).triu(1);
  const at::Tensor hidden = at::logical_or(later, at::logical_and(keys != 0, keys != queries));
  context.bias = at::zeros(hidden.sizes(), at::dtype(dtype)).masked_fill(hidden, -3.3895e38);
  return context;
}

}  // namespace freeact
