// Items of a data set as questions to a model in its chat template, pictures included.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "eval/dataset.h"
#include "prompt/prompter.h"

namespace freeact {

struct Question {
  std::string text;                // what stands before {answer} in the layout
  std::vector<at::Tensor> images;  // uint8 [H, W, 3]
  std::string hash;                // SHA-256 of the item's input and of its pictures' pixels
};

// SHA-256 of an item's input and of its images' pixels, uint8 [H, W, 3]; without images that of the input alone.
std::string input_hash(const std::string& input, const std::vector<at::Tensor>& images);

// Throws UserError, naming the item's place, when the layout fixes the answer's length or a picture is broken.
Question question_of(const DatasetPart& part, size_t item);

// What the model reads. Throws UserError, naming the item's place, when it cannot, as with a picture that the model's
// family has no size for.
TokenBatch prompt_of(const Question& question, const Prompter& prompter, const std::string& place);

// Throws UserError, naming the place of the first item with images, when there is one and nothing that sees it: reader
// names who that is ("the model").
void refuse_images(const DatasetPart& part, const std::string& reader);

}  // namespace freeact
