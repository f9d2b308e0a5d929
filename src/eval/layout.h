// How one item of a task becomes one token sequence: a text with slots, and what is masked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/decoder.h"
#include "tokenizer/tokenizer.h"
#include "util/fields.h"

namespace freeact {

// One line of a data set: what is asked, and the one right answer.
struct TaskItem {
  std::string input, answer;
  std::vector<std::string> images = {};  // as load_picture() takes them

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("input", input, "what is asked");
    visit("answer", answer, "the right answer");
    visit("images", images, "pictures in front of the question: files in the data set's folder, or draw:SPEC");
  }
};

// One line of a multiple-choice data set: endings of one context, or contexts of one ending.
struct ChoiceItem {
  std::string context;
  std::vector<std::string> choices;
  int64_t answer = -1;
  std::vector<std::string> contexts = {};
  std::string ending = {};

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("context", context, "what is asked");
    visit("choices", choices, "the answers to choose from");
    visit("answer", answer, "place of the right one among the choices or contexts, from 0");
    visit("contexts", contexts, "instead of context and choices: the contexts to choose from");
    visit("ending", ending, "what follows the right one of the contexts");
  }
  size_t count() const { return contexts.empty() ? choices.size() : contexts.size(); }
  const std::string& context_of(size_t choice) const { return contexts.empty() ? context : contexts[choice]; }
  const std::string& ending_of(size_t choice) const { return contexts.empty() ? choices[choice] : ending; }
};

// A data set's layout.json. All sequences of one task should have one length, since batches are not padded.
struct Layout {
  std::string text = "{input}={answer}";
  std::string blank;
  int64_t length = 0;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("text", text, "literal text, special tokens included, with the slots {input} and {answer}");
    visit("blank", blank,
          "one character; when given, {answer} is solved in place: only where the input has this character is it "
          "masked, and every character must be one token");
    visit("length", length, "ends of sequence are added, and predicted too, up to this many tokens; 0: none");
  }
};

// Special ids of the model the sequence is for.
struct SequenceIds {
  int64_t mask, end;
};
// Throws UserError when the model has no mask token.
SequenceIds diffusion_ids(const DecoderConfig& config);

// The whole sequence, and the same with mask ids wherever something is to be predicted.
struct TokenSequence {
  std::vector<int64_t> target, masked;
  size_t answer_begin = 0, answer_end = 0;  // positions of the slot {answer}, ends of sequence behind it included
};

// The texts around {answer}, the input in its place.
struct Surroundings {
  std::string before, after;
};
// For answers whose length nobody knows beforehand. Throws UserError when the layout fixes it.
Surroundings surroundings(const Layout& layout, const std::string& input, const std::string& where);

// Throws UserError when the item does not fit the layout or the tokenizer; where names the item.
TokenSequence lay_out(const Layout& layout, const TaskItem& item, const Tokenizer& tokenizer, SequenceIds ids,
                      const std::string& where);

}  // namespace freeact
