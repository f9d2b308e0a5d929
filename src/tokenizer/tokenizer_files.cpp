#include "tokenizer/tokenizer_files.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "tokenizer/tokenizer_json.h"
#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr std::array kRoles = {"bos_token", "eos_token", "unk_token", "sep_token",
                               "pad_token", "cls_token", "mask_token"};

// The folder's settings as the published loaders combine them.
struct Settings {
  std::string tokenizer_class;
  bool slow_class_only = false;
  bool clean_up_spaces = false;
  std::vector<AddedToken> added;
  std::map<std::string, std::string> roles;
  std::set<std::string> special;  // contents of the roles and of additional_special_tokens
};

// Split expression and normaliser that a tokenizer class has in its code, for folders without tokenizer.json.
struct KnownClass {
  const char* name;
  bool nfc;
  const char* pattern;
};

constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// A token is given as a text or as an object with its flags.
std::string content_of(const JsonPlace& token) {
  return token.value().is_object() ? token.at("content").text() : token.text();
}

void read_roles(const JsonPlace& file, Settings& settings) {
  for (const char* role : kRoles) {
    if (!file.has(role)) continue;
    settings.roles[role] = content_of(file.at(role));
    settings.special.insert(settings.roles[role]);
  }
  if (!file.has("additional_special_tokens")) return;
  const JsonPlace more = file.at("additional_special_tokens");
  for (size_t i = 0; i < more.array().size(); ++i) settings.special.insert(content_of(more.at(i)));
}

void read_added_tokens_decoder(const JsonPlace& decoder, Settings& settings) {
  for (const auto& [key, entry] : decoder.object().items()) {
    int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc{} || end != key.data() + key.size())
      decoder.refuse("has the key '" + key + "', which is no id");
    settings.added.push_back(read_added_token(decoder.at(key), id));
  }
}

// A class of the checkpoint's own code without a fast twin: auto_map {"AutoTokenizer": ["...", null]}.
bool names_slow_class_only(const JsonPlace& config) {
  if (!config.has("auto_map") || !config.at("auto_map").has("AutoTokenizer")) return false;
  const nlohmann::json& classes = config.at("auto_map").at("AutoTokenizer").value();
  return classes.is_array() && classes.size() == 2 && classes[0].is_string() && classes[1].is_null();
}

Settings read_settings(const fs::path& folder) {
  Settings settings;
  bool has_decoder = false;
  if (const fs::path path = folder / "tokenizer_config.json"; fs::exists(path)) {
    const JsonPlace config = JsonPlace::read(path);
    settings.tokenizer_class = config.text_or("tokenizer_class", "");
    settings.slow_class_only = names_slow_class_only(config);
    settings.clean_up_spaces = config.flag_or("clean_up_tokenization_spaces", false);
    read_roles(config, settings);
    has_decoder = config.has("added_tokens_decoder");
    if (has_decoder) read_added_tokens_decoder(config.at("added_tokens_decoder"), settings);
  }
  // The older form spreads the same over two more files; the published loaders read them only where the newer is
  // absent.
  if (const fs::path path = folder / "special_tokens_map.json"; !has_decoder && fs::exists(path))
    read_roles(JsonPlace::read(path), settings);
  if (const fs::path path = folder / "added_tokens.json"; !has_decoder && fs::exists(path)) {
    const JsonPlace file = JsonPlace::read(path);
    for (const auto& [content, id] : file.object().items()) {
      if (content.empty()) file.refuse("has an empty token");
      AddedToken token;
      token.id = checked_id(file.at(content).whole_number(), file.where());
      token.content = content;
      token.special = settings.special.contains(content);
      settings.added.push_back(std::move(token));
    }
  }
  return settings;
}

Merges read_merges_text(const fs::path& path) {
  const std::string text = read_file(path);
  Merges merges;
  size_t line_number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (line_number == 1 && line.starts_with("#version"))) continue;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || space == 0 || space + 1 == line.size() ||
        line.find(' ', space + 1) != line.npos)
      throw UserError("{}:{}: a merge must be two entries with a space between them, but is '{}'", path.string(),
                      line_number, line);
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

KnownClass known_class(const Settings& settings, const fs::path& folder) {
  static constexpr std::array<KnownClass, 3> kKnown = {KnownClass{"DreamTokenizer", true, kQwen2Pattern},
                                                       KnownClass{"GPT2Tokenizer", false, kGpt2Pattern},
                                                       KnownClass{"Qwen2Tokenizer", true, kQwen2Pattern}};
  std::string name = settings.tokenizer_class;
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  for (const KnownClass& known : kKnown)
    if (name == known.name) return known;
  throw UserError(
      "{}: tokenizer_class '{}' is unknown, and without a tokenizer.json it must tell how text is split: one of "
      "DreamTokenizer, GPT2Tokenizer, Qwen2Tokenizer",
      (folder / "tokenizer_config.json").string(), settings.tokenizer_class);
}

void read_vocab_and_merges(const fs::path& folder, const Settings& settings, TokenizerFiles& files) {
  const fs::path vocabulary = folder / "vocab.json", merges = folder / "merges.txt";
  for (const fs::path& path : {vocabulary, merges})
    if (!fs::exists(path))
      throw UserError(
          "{}: no tokenizer here: it needs tokenizer.json, tokenizer.model, or vocab.json and merges.txt ('{}' is "
          "missing)",
          folder.string(), path.filename().string());
  const KnownClass known = known_class(settings, folder);
  files.where = vocabulary.string();
  files.vocabulary = read_vocabulary(JsonPlace::read(vocabulary));
  files.merges = read_merges_text(merges);
  files.nfc = known.nfc;
  files.patterns.emplace_back(known.pattern, PatternKind::kRegex, known.name);
}

// How text is cut and joined around the pieces is code of the published class.
void read_sentencepiece(const fs::path& path, Settings& settings, TokenizerFiles& files) {
  if (settings.tokenizer_class != "InternLM2Tokenizer")
    throw UserError("{}: tokenizer_class '{}' is unknown for a tokenizer.model: it must be InternLM2Tokenizer",
                    (path.parent_path() / "tokenizer_config.json").string(), settings.tokenizer_class);
  settings.slow_class_only = true;
  files.where = path.string();
  files.sentencepiece = SentencePieceModel::read(path);
  files.clean_up_spaces = settings.clean_up_spaces;
  const auto& pieces = files.sentencepiece->pieces;
  for (size_t id = 0; id < pieces.size(); ++id) files.vocabulary.emplace(pieces[id].text, static_cast<int32_t>(id));
}

// Adds the tokens of the settings and those a role names although they are plain entries of the vocabulary.
void complete_added(const Settings& settings, TokenizerFiles& files) {
  std::map<int64_t, AddedToken> by_id;
  std::set<std::string> contents;
  const auto add = [&](const AddedToken& token) {
    if (!contents.insert(token.content).second) return;
    if (const auto [at, fresh] = by_id.emplace(token.id, token); !fresh)
      throw UserError("{}: the id {} belongs to two added tokens, '{}' and '{}'", files.where, token.id,
                      at->second.content, token.content);
  };
  for (const AddedToken& token : files.added) add(token);
  for (const AddedToken& token : settings.added) add(token);
  for (const std::string& content : settings.special)
    if (const auto found = files.vocabulary.find(content); found != files.vocabulary.end())
      add({.id = found->second, .content = content, .special = true});
  files.added.clear();
  for (auto& [id, token] : by_id) files.added.push_back(std::move(token));
}

// What skip_special_tokens leaves out differs between the two kinds of published classes: a slow one drops the tokens
// that its settings name, a fast one those flagged special. A slow one also normalises before it cuts added tokens out,
// unless sentencepiece normalises for it.
void apply_class_kind(const Settings& settings, TokenizerFiles& files) {
  for (AddedToken& token : files.added) {
    if (settings.slow_class_only) token.normalized = !files.sentencepiece;
    if (settings.slow_class_only ? settings.special.contains(token.content) : token.special)
      files.skipped.insert(token.content);
  }
}

}  // namespace

TokenizerFiles TokenizerFiles::read(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw UserError("'{}' is no folder: a tokenizer is loaded from a checkpoint folder", folder.string());
  Settings settings = read_settings(folder);
  TokenizerFiles files;
  if (const fs::path path = folder / "tokenizer.json"; fs::exists(path)) {
    read_tokenizer_json(JsonPlace::read(path), files);
  } else if (const fs::path model = folder / "tokenizer.model"; fs::exists(model)) {
    read_sentencepiece(model, settings, files);
  } else {
    read_vocab_and_merges(folder, settings, files);
  }
  complete_added(settings, files);
  apply_class_kind(settings, files);
  files.roles = settings.roles;
  return files;
}

int64_t TokenizerFiles::highest_id() const {
  int64_t highest = 0;
  for (const auto& [entry, id] : vocabulary) highest = std::max<int64_t>(highest, id);
  for (const AddedToken& token : added) highest = std::max(highest, token.id);
  return highest;
}

std::vector<AddedToken> TokenizerFiles::added_with(bool normalized) const {
  std::vector<AddedToken> selected;
  for (const AddedToken& token : added)
    if (token.normalized == normalized) selected.push_back(token);
  return selected;
}

}  // namespace freeact
