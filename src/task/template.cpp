#include "task/template.h"

#include <utf8proc.h>

#include <array>
#include <charconv>

#include "scoring/option_letters.h"
#include "scoring/python_text.h"
#include "tokenizer/unicode.h"

namespace freeact {
namespace {

using nlohmann::json;

// Cuts the text at the first mark and returns what stood before it; all of it where there is none.
std::string_view take_until(std::string_view& text, char mark) {
  const size_t end = std::min(text.find(mark), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

const json* entry_of(const json& value, const std::string& key) {
  if (value.is_object()) {
    const auto found = value.find(key);
    return found == value.end() || found->is_null() ? nullptr : &*found;
  }
  size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  const bool is_index = error == std::errc() && end == key.data() + key.size();
  return value.is_array() && is_index && index < value.size() ? &value[index] : nullptr;
}

const json* value_at(const json& document, std::string_view path) {
  if (path == ".") return &document;
  const json* value = &document;
  while (value != nullptr && !path.empty()) value = entry_of(*value, std::string(take_until(path, '.')));
  return value;
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_structured())
    throw UserError("is a {}: name an entry of it, or a filter (src/task/template.h)",
                    value.is_array() ? "list" : "group");
  return value.dump();
}

json first(const json& value, std::string_view count) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), number);
  if (!value.is_array() || error != std::errc() || end != count.data() + count.size())
    throw UserError("is no list, or '{}' is no number of its entries", count);
  return json(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(std::min(number, value.size())));
}

json as_json(const json& value, std::string_view) {
  return value.dump();
}

json lines(const json& value, std::string_view) {
  if (!value.is_array()) throw UserError("is no list, of which `lines` makes lines");
  std::string text;
  for (const json& line : value) text += (text.empty() ? "" : "\n") + text_of(line);
  return text;
}

json trim(const json& value, std::string_view) {
  return strip(text_of(value));
}

json capitalised(const json& value, std::string_view) {
  const std::string text = text_of(value);
  if (text.empty()) return text;
  const CodePoint initial = first_code_point(text);
  const size_t lower_length = python_lower(text.substr(0, initial.length)).size();
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto length =
      utf8proc_encode_char(utf8proc_totitle(static_cast<utf8proc_int32_t>(initial.value)), bytes.data());
  const std::string title(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(length));
  return (initial.valid ? title : text.substr(0, initial.length)) + python_lower(text).substr(lower_length);
}

// A list's options are lettered in its order.
json by_letters(const json& list) {
  json options = json::object();
  for (size_t i = 0; i < list.size(); ++i) options[std::string(1, static_cast<char>('A' + i))] = list[i];
  return options;
}

json lettered(const json& value, std::string_view) {
  std::string text;
  for (const auto& [letter, option] : options_of(value.is_array() ? by_letters(value) : value))
    text += fmt::format("{}{}. {}", text.empty() ? "" : "\n", letter, option);
  return text;
}

json line(const json& value, std::string_view label) {
  const std::string text = text_of(value);
  return text.empty() ? "" : fmt::format("{}{}\n", label, text);
}

struct Filter {
  const char* name;
  json (*apply)(const json& value, std::string_view argument);
};
constexpr std::array<Filter, 7> kFilters = {{{"lines", lines},
                                             {"first", first},
                                             {"json", as_json},
                                             {"trim", trim},
                                             {"capitalised", capitalised},
                                             {"lettered", lettered},
                                             {"line", line}}};

json filtered(const json& value, std::string_view call) {
  const std::string name(take_until(call, ':'));
  std::vector<std::string> known;
  for (const Filter& filter : kFilters) {
    if (filter.name == name) return filter.apply(value, call);
    known.emplace_back(filter.name);
  }
  throw UserError(unknown_name("filter", name, known));
}

// Of "hint?" and "prompt?text"; a text where nothing is a value too, since the last name is empty.
json selected(std::string_view names, const json& document, const Json& texts) {
  if (names.starts_with('@')) {
    const auto found = texts.find(std::string(names.substr(1)));
    if (found == texts.end()) throw UserError("is a text that the task's `texts` lack");
    return found->get<std::string>();
  }
  const bool may_lack = names.ends_with('?');
  for (std::string_view rest = names; !rest.empty();)
    if (const json* value = value_at(document, take_until(rest, '?'))) return *value;
  if (may_lack) return "";
  throw UserError("is no key of the document");
}

std::string fill_place(std::string_view place, const json& document, const Json& texts) {
  json value = selected(take_until(place, '|'), document, texts);
  while (!place.empty()) value = filtered(value, take_until(place, '|'));
  return text_of(value);
}

}  // namespace

std::string fill_template(std::string_view text, std::string_view name, const json& document, const Json& texts) {
  std::string filled;
  while (!text.empty()) {
    const size_t brace = std::min(text.find_first_of("{}"), text.size());
    filled += text.substr(0, brace);
    text.remove_prefix(brace);
    if (text.starts_with("{{") || text.starts_with("}}")) {
      filled += text[0];
      text.remove_prefix(2);
    } else if (!text.empty()) {
      const size_t end = text.find('}');
      if (text[0] == '}' || end == text.npos)
        throw UserError("the template '{}' has a single '{}' at '{}': write it twice", name, text[0],
                        text.substr(0, 20));
      const std::string_view place = text.substr(1, end - 1);
      try {
        filled += fill_place(place, document, texts);
      } catch (const UserError& error) {
        throw UserError("the template '{}': {{{}}} {}", name, place, error.what());
      }
      text.remove_prefix(end + 1);
    }
  }
  return filled;
}

}  // namespace freeact
