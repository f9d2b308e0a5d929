#include "config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "util/files.h"

namespace freeact {
namespace {

constexpr int kMaxDepth = 32;        // an alias inside its own anchor would never end
constexpr int kMaxValues = 100'000;  // nor would aliases of aliases of aliases, in any useful time
constexpr size_t kMaxKeys = 4'000;   // of one group, whose keys are searched one by one

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Json typed_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  const std::string_view digits = std::string_view(text).substr(plus ? 1 : 0);
  if (const auto whole = parse_number<int64_t>(digits)) return *whole;
  if (const auto large = parse_number<uint64_t>(digits)) return *large;
  if (const auto decimal = parse_number<double>(digits); decimal && std::isfinite(*decimal)) return *decimal;
  return text;
}

// Turns YAML nodes into values, noting the line of every key.
class Converter {
 public:
  Converter(std::string source, Places& places) : source_(std::move(source)), places_(places) {}

  Json convert(const YAML::Node& node, const std::string& path, int depth = 0) {
    if (depth > kMaxDepth || ++num_values_ > kMaxValues)
      throw UserError("{}: too deeply nested or too large; are there aliases that hold themselves?", place(node));
    if (node.IsMap()) return convert_map(node, path, depth);
    if (node.IsSequence()) return convert_list(node, path, depth);
    if (node.IsNull()) return nullptr;
    const bool plain = node.Tag().empty() || node.Tag() == "?";
    return plain ? typed_scalar(node.Scalar()) : Json(node.Scalar());
  }

 private:
  Json convert_map(const YAML::Node& node, const std::string& path, int depth) {
    Json object = Json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) throw UserError("{}: a key must be a plain text", place(entry.first));
      if (object.size() == kMaxKeys) throw UserError("{}: a group of over {} keys", place(entry.first), kMaxKeys);
      const std::string key = entry.first.Scalar();
      const std::string key_path = join_path(path, key);
      if (object.contains(key))
        throw UserError("{}: key '{}' was given before, at {}; keep one", place(entry.first), key,
                        places_.of(key_path));
      places_.set(key_path, place(entry.first));
      object[key] = convert(entry.second, key_path, depth + 1);
    }
    return object;
  }

  Json convert_list(const YAML::Node& node, const std::string& path, int depth) {
    Json list = Json::array();
    for (const auto& item : node) {
      const std::string item_path = fmt::format("{}[{}]", path, list.size());
      places_.set(item_path, place(item));
      list.push_back(convert(item, item_path, depth + 1));
    }
    return list;
  }

  std::string place(const YAML::Node& node) const { return fmt::format("{}:{}", source_, node.Mark().line + 1); }

  std::string source_;
  Places& places_;
  int num_values_ = 0;
};

// Counts what a text holds, for a node of yaml-cpp takes hundreds of bytes.
class Counter : public YAML::EventHandler {
 public:
  explicit Counter(std::string source) : source_(std::move(source)) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override {
    count(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    count(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    count(mark);
  }
  void OnMapEnd() override {}

 private:
  // Keys count too.
  void count(const YAML::Mark& mark) {
    if (++num_nodes_ > 2 * kMaxValues) throw UserError("{}:{}: over {} values", source_, mark.line + 1, kMaxValues);
  }

  std::string source_;
  int num_nodes_ = 0;
};

// Throws what is wrong with the text before anything is made of it.
void check(const std::string& text, const std::string& source) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Counter counter(source);
  while (parser.HandleNextDocument(counter)) {
  }
}

YAML::Node parse(const std::string& text, const std::string& source) {
  if (!is_utf8(text)) throw UserError("{}: not UTF-8 text; save it in that encoding", source);
  try {
    // yaml-cpp takes the end of the file for the end of a quoted text when a line break comes just before it. Without
    // that break it reports the missing quotation mark; the break itself may belong to the last value.
    check(text.substr(0, text.find_last_not_of(" \t\r\n") + 1), source);
    const auto documents = YAML::LoadAll(text);
    if (documents.size() > 1) throw UserError("{}: more than one YAML document; remove the '---' lines", source);
    return documents.empty() ? YAML::Node() : documents[0];
  } catch (const YAML::Exception& error) {
    throw UserError("{}:{}: malformed YAML: {}", source, error.mark.line + 1, error.msg);
  }
}

void emit(YAML::Emitter& out, const Json& value) {
  if (value.is_object()) {
    out << (value.empty() ? YAML::Flow : YAML::Block) << YAML::BeginMap;
    for (const auto& item : value.items()) {
      out << YAML::Key;
      emit(out, item.key());
      out << YAML::Value;
      emit(out, item.value());
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    const bool plain = std::none_of(value.begin(), value.end(), [](const Json& item) { return item.is_structured(); });
    out << (plain ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
    for (const auto& item : value) emit(out, item);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!typed_scalar(text).is_string()) out << YAML::DoubleQuoted;
    out << text;
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.dump();  // JSON's numbers, true and false are YAML's
  }
}

}  // namespace

Tree load_yaml(const std::filesystem::path& file) {
  const YAML::Node root = parse(read_file(file), file.string());
  Tree tree;
  if (root.IsNull()) return tree;
  if (!root.IsMap()) throw UserError("{}:1: expected 'key: value' lines", file.string());
  tree.values = Converter(file.string(), tree.places).convert(root, "");
  return tree;
}

Json parse_yaml_value(const std::string& text, const std::string& place) {
  Places unused;
  try {
    return Converter(place, unused).convert(parse(text, place), "");
  } catch (const UserError& error) {
    throw UserError("{}: '{}' is no value in YAML's notation ({})", place, text, error.what());
  }
}

bool is_utf8(const std::string& text) {
  try {
    return !Json(text).dump().empty();
  } catch (const Json::type_error&) {
    return false;
  }
}

std::string to_yaml(const Json& values) {
  YAML::Emitter out;
  emit(out, values);
  return std::string(out.c_str()) + "\n";
}

}  // namespace freeact
