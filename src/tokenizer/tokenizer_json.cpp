#include "tokenizer/tokenizer_json.h"

#include <fmt/format.h>

#include <unordered_set>

#include "util/error.h"

namespace freeact {

namespace {

constexpr int64_t kIdLimit = 1'000'000;

std::string type_of(const JsonPlace& component) {
  return component.at("type").text();
}

[[noreturn]] void refuse_type(const JsonPlace& component, const std::string& kind, const std::string& known) {
  component.refuse(fmt::format("is of the unsupported type '{}': this {} must be {}", type_of(component), kind, known));
}

// "a b" or ["a", "b"]: files written before and after 2024.
std::pair<std::string, std::string> read_merge(const JsonPlace& merges, size_t index) {
  const nlohmann::json& merge = merges.value()[index];
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
    return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  if (merge.is_string()) {
    const auto& text = merge.get_ref<const std::string&>();
    const size_t space = text.find(' ');
    if (space != std::string::npos && space > 0 && space + 1 < text.size() &&
        text.find(' ', space + 1) == std::string::npos)
      return {text.substr(0, space), text.substr(space + 1)};
  }
  merges.at(index).refuse("must be a pair of entries, \"a b\" or [\"a\", \"b\"]");
}

void read_model(const JsonPlace& model, TokenizerFiles& files) {
  // Old files leave the type out; then only the merges tell that it is BPE.
  const std::string type = model.text_or("type", model.has("merges") ? "BPE" : "unnamed");
  if (type != "BPE") model.refuse(fmt::format("is of the unsupported type '{}': this tokenizer must be BPE", type));
  if (model.flag_or("byte_fallback", false))
    model.refuse("uses byte_fallback (sentencepiece): only byte-level BPE can be read");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model.text_or(key, "").empty()) model.at(key).refuse("must be empty for byte-level BPE");
  if (model.has("dropout") && model.at("dropout").value() != 0)
    model.at("dropout").refuse("must be null: encoding is not random");
  files.vocabulary = read_vocabulary(model.at("vocab"));
  const JsonPlace merges = model.at("merges");
  files.merges.reserve(merges.array().size());
  for (size_t i = 0; i < merges.value().size(); ++i) files.merges.push_back(read_merge(merges, i));
  files.whole_pieces_first = model.flag_or("ignore_merges", false);
}

void read_normalizer(const JsonPlace& normalizer, TokenizerFiles& files) {
  const std::string type = type_of(normalizer);
  if (type == "NFC") {
    files.nfc = true;
  } else if (type == "Sequence") {
    const JsonPlace parts = normalizer.at("normalizers");
    for (size_t i = 0; i < parts.array().size(); ++i) read_normalizer(parts.at(i), files);
  } else {
    refuse_type(normalizer, "normaliser", "NFC or null");
  }
}

SplitPattern read_split(const JsonPlace& split) {
  if (split.text_or("behavior", "Isolated") != "Isolated") split.at("behavior").refuse("must be 'Isolated'");
  const JsonPlace pattern = split.at("pattern");
  if (pattern.has("Regex")) return {pattern.at("Regex").text(), PatternKind::kRegex, pattern.where()};
  return {pattern.at("String").text(), PatternKind::kLiteral, pattern.where()};
}

// Returns whether the bytes were turned into the byte alphabet, which one of the steps must do.
bool read_pre_tokenizer(const JsonPlace& step, TokenizerFiles& files) {
  const std::string type = type_of(step);
  if (type == "Sequence") {
    const JsonPlace steps = step.at("pretokenizers");
    bool byte_level = false;
    for (size_t i = 0; i < steps.array().size(); ++i) byte_level |= read_pre_tokenizer(steps.at(i), files);
    return byte_level;
  }
  if (type == "Split") {
    files.patterns.push_back(read_split(step));
  } else if (type == "Digits") {
    const bool single = step.flag_or("individual_digits", false);
    files.patterns.emplace_back(single ? R"(\p{N})" : R"(\p{N}+)", PatternKind::kRegex, step.where());
  } else if (type == "ByteLevel") {
    if (step.flag_or("add_prefix_space", false)) step.at("add_prefix_space").refuse("must be false");
    if (step.flag_or("use_regex", true)) files.patterns.emplace_back(kGpt2Pattern, PatternKind::kRegex, step.where());
    return true;
  } else {
    refuse_type(step, "pre-tokenizer", "ByteLevel, Split, Digits or a Sequence of them");
  }
  return false;
}

}  // namespace

int64_t checked_id(int64_t id, const std::string& where) {
  if (id < 0 || id >= kIdLimit) throw UserError("{}: the id {} is outside 0..{}", where, id, kIdLimit - 1);
  return id;
}

Vocabulary read_vocabulary(const JsonPlace& vocabulary) {
  Vocabulary result;
  std::unordered_set<int64_t> taken;
  result.reserve(vocabulary.object().size());
  for (const auto& [entry, id] : vocabulary.value().items()) {
    // A place is made for a faulty entry only: there are a hundred thousand of them.
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= static_cast<uint64_t>(kIdLimit))
      checked_id(vocabulary.at(entry).whole_number(), vocabulary.at(entry).where());
    const auto number = id.get<int64_t>();
    if (!taken.insert(number).second)
      vocabulary.refuse(fmt::format("gives the id {} to two entries, one of them '{}'", number, entry));
    result.emplace(entry, static_cast<int32_t>(number));
  }
  if (result.empty()) vocabulary.refuse("is empty");
  return result;
}

AddedToken read_added_token(const JsonPlace& entry, int64_t id) {
  AddedToken token;
  token.id = checked_id(id, entry.where());
  token.content = entry.at("content").text();
  if (token.content.empty()) entry.at("content").refuse("must not be empty");
  token.special = entry.flag_or("special", false);
  token.normalized = entry.flag_or("normalized", false);
  token.single_word = entry.flag_or("single_word", false);
  token.lstrip = entry.flag_or("lstrip", false);
  token.rstrip = entry.flag_or("rstrip", false);
  return token;
}

void read_tokenizer_json(const JsonPlace& file, TokenizerFiles& files) {
  files.where = file.where();
  read_model(file.at("model"), files);
  if (file.has("normalizer")) read_normalizer(file.at("normalizer"), files);
  const JsonPlace pre_tokenizer = file.at("pre_tokenizer");
  if (!file.has("pre_tokenizer") || !read_pre_tokenizer(pre_tokenizer, files))
    pre_tokenizer.refuse("has no ByteLevel step: only byte-level BPE can be read");
  if (file.has("decoder") && type_of(file.at("decoder")) != "ByteLevel")
    refuse_type(file.at("decoder"), "decoder", "ByteLevel");
  if (!file.has("added_tokens")) return;
  const JsonPlace added = file.at("added_tokens");
  for (size_t i = 0; i < added.array().size(); ++i)
    files.added.push_back(read_added_token(added.at(i), added.at(i).at("id").whole_number()));
}

}  // namespace freeact
