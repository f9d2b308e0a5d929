#include "eval/layout.h"

#include "util/error.h"

namespace freeact {
namespace {

constexpr std::string_view kInputSlot = "{input}", kAnswerSlot = "{answer}";

class Writer {
 public:
  Writer(const Layout& layout, const TaskItem& item, const Tokenizer& tokenizer, SequenceIds ids,
         const std::string& where)
      : layout_(layout), item_(item), tokenizer_(tokenizer), ids_(ids), where_(where) {}

  TokenSequence write() {
    std::string_view rest = layout_.text;
    while (!rest.empty()) {
      const size_t slot = std::min(rest.find(kInputSlot), rest.find(kAnswerSlot));
      add(rest.substr(0, slot), /*masked=*/false);
      if (slot == std::string_view::npos) break;
      rest.remove_prefix(slot);
      const bool answer = rest.starts_with(kAnswerSlot);
      if (!answer) add(item_.input, /*masked=*/false);
      if (answer) {
        sequence_.answer_begin = sequence_.target.size();
        add_answer();
        sequence_.answer_end = sequence_.target.size();
      }
      rest.remove_prefix(answer ? kAnswerSlot.size() : kInputSlot.size());
    }
    fill();
    return std::move(sequence_);
  }

 private:
  void add_ids(const std::vector<int64_t>& ids, bool masked) {
    for (const int64_t id : ids) {
      sequence_.target.push_back(id);
      sequence_.masked.push_back(masked ? ids_.mask : id);
    }
  }
  void add(std::string_view text, bool masked) { add_ids(tokenizer_.encode(text), masked); }

  void add_answer() {
    if (layout_.blank.empty()) return add(item_.answer, /*masked=*/true);
    if (item_.input.size() != item_.answer.size())
      throw UserError("{}: input and answer must be of one length, since the layout solves it in place", where_);
    for (size_t i = 0; i < item_.answer.size(); ++i) {
      const bool blank = item_.input.compare(i, 1, layout_.blank) == 0;
      if (!blank && item_.input[i] != item_.answer[i])
        throw UserError("{}: input and answer differ at character {}, which is no blank", where_, i + 1);
      const auto ids = tokenizer_.encode(item_.answer.substr(i, 1));
      if (ids.size() != 1) throw UserError("{}: character {} of the answer is not one token", where_, i + 1);
      add_ids(ids, blank);
    }
  }

  void fill() {
    const auto length = static_cast<size_t>(layout_.length);
    if (length == 0) return;
    if (sequence_.target.size() > length)
      throw UserError("{}: {} tokens are more than the layout's length {}", where_, sequence_.target.size(), length);
    add_ids(std::vector<int64_t>(length - sequence_.target.size(), ids_.end), /*masked=*/true);
    sequence_.answer_end = length;
  }

  const Layout& layout_;
  const TaskItem& item_;
  const Tokenizer& tokenizer_;
  const SequenceIds ids_;
  const std::string& where_;
  TokenSequence sequence_;
};

std::string fill_in(std::string text, const std::string& input) {
  for (size_t at = 0; (at = text.find(kInputSlot, at)) != std::string::npos; at += input.size())
    text.replace(at, kInputSlot.size(), input);
  return text;
}

}  // namespace

SequenceIds diffusion_ids(const DecoderConfig& config) {
  if (config.mask_id < 0) throw UserError("the model has no mask token, which masked-diffusion tasks need");
  return {config.mask_id, config.eos_id};
}

Surroundings surroundings(const Layout& layout, const std::string& input, const std::string& where) {
  const size_t slot = layout.text.find(kAnswerSlot);
  if (slot == std::string::npos) throw UserError("{}: the layout needs the slot {{answer}}", where);
  if (!layout.blank.empty() || layout.length != 0)
    throw UserError(
        "{}: the layout's blank or length fixes where an answer ends: such items can only be solved in place", where);
  return {fill_in(layout.text.substr(0, slot), input), fill_in(layout.text.substr(slot + kAnswerSlot.size()), input)};
}

TokenSequence lay_out(const Layout& layout, const TaskItem& item, const Tokenizer& tokenizer, SequenceIds ids,
                      const std::string& where) {
  if (layout.length < 0 || layout.blank.size() > 1 || layout.text.find(kAnswerSlot) == std::string::npos)
    throw UserError("{}: the layout needs the slot {{answer}}, a blank of at most one character and no negative length",
                    where);
  return Writer(layout, item, tokenizer, ids, where).write();
}

}  // namespace freeact
