#include "eval/questions.h"

#include <ATen/ATen.h>

#include "util/error.h"
#include "util/hash.h"

namespace freeact {
namespace {

std::string text_of(const at::Tensor& image) {
  const at::Tensor pixels = image.contiguous();
  const auto* bytes = reinterpret_cast<const char*>(pixels.const_data_ptr<uint8_t>());
  return fmt::format("\n{} {} ", image.size(0), image.size(1)) + sha256({bytes, static_cast<size_t>(pixels.numel())});
}

}  // namespace

std::string input_hash(const std::string& input, const std::vector<at::Tensor>& images) {
  std::string all = input;
  for (const at::Tensor& image : images) all += text_of(image);
  return sha256(all);
}

Question question_of(const DatasetPart& part, size_t item) {
  const TaskItem& asked = part.items[item];
  Question question;
  question.text = surroundings(part.layout, asked.input, part.place(item)).before;
  question.images = load_pictures(part, item);
  question.hash = input_hash(asked.input, question.images);
  return question;
}

TokenBatch prompt_of(const Question& question, const Prompter& prompter, const std::string& place) {
  try {
    return prompter.question(question.text, question.images);
  } catch (const UserError& error) {
    throw UserError("{}: {}", place, error.what());
  }
}

void refuse_images(const DatasetPart& part, const std::string& reader) {
  for (size_t i = 0; i < part.items.size(); ++i)
    if (!part.items[i].images.empty())
      throw UserError("{}: the item has an image, but {} sees none", part.place(i), reader);
}

}  // namespace freeact
