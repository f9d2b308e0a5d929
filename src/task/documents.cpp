#include "task/documents.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/yaml.h"
#include "scoring/pattern.h"
#include "task/delimited.h"
#include "task/template.h"
#include "util/files.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string place_of_line(const std::string& file, size_t line) {
  return fmt::format("{}:{}", file, line);
}

std::vector<Document> read_lines(std::string_view text, const std::string& file) {
  std::vector<Document> documents;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string place = place_of_line(file, number);
    documents.push_back({parse_json(line, place), place});
  }
  return documents;
}

std::vector<Document> read_list(std::string_view text, const std::string& file) {
  json list = parse_json(text, file);
  if (!list.is_array()) throw UserError("'{}' must hold a list of documents", file);
  std::vector<Document> documents;
  for (size_t i = 0; i < list.size(); ++i) documents.push_back({std::move(list[i]), fmt::format("{}[{}]", file, i)});
  return documents;
}

// Every document repeats the names of the columns: a long first line above many short ones would fill the memory.
void refuse_sparse(const std::vector<DelimitedRow>& rows, size_t bytes, const std::string& file) {
  constexpr size_t kMostPerByte = 64;
  size_t names = 0;
  for (const std::string& name : rows[0].cells) names += name.size() + 1;
  if (names * rows.size() > kMostPerByte * bytes)
    throw UserError("'{}': its first line names {} columns, far more than its {} rows fill", file, rows[0].cells.size(),
                    rows.size() - 1);
}

void refuse_other_encodings(const std::vector<DelimitedRow>& rows, const std::string& file) {
  for (const DelimitedRow& row : rows)
    if (!std::ranges::all_of(row.cells, is_utf8))
      throw UserError("{}: not UTF-8 text; save the file in that encoding",
                      place_of_line(file, static_cast<size_t>(row.line)));
}

std::vector<Document> read_table(std::string_view text, const std::string& file, char separator) {
  std::vector<DelimitedRow> rows = read_delimited(text, separator);
  if (rows.empty()) throw UserError("'{}' has no line that names its columns", file);
  refuse_sparse(rows, text.size(), file);
  refuse_other_encodings(rows, file);
  const std::vector<std::string> names = rows[0].cells;
  std::vector<Document> documents;
  for (size_t i = 1; i < rows.size(); ++i) {
    std::vector<std::string>& cells = rows[i].cells;
    const std::string place = place_of_line(file, static_cast<size_t>(rows[i].line));
    if (cells.size() > names.size())
      throw UserError("{}: {} cells, but the table has {} columns", place, cells.size(), names.size());
    json values = json::object();
    for (size_t k = 0; k < names.size(); ++k)
      values[names[k]] = k < cells.size() && !cells[k].empty() ? json(std::move(cells[k])) : json();
    documents.push_back({std::move(values), place});
  }
  return documents;
}

std::vector<Document> read_all(const fs::path& path, FileReader& reader) {
  const std::string extension = path.extension(), file = path.string();
  if (extension == ".jsonl") return read_lines(reader.read(path), file);
  if (extension == ".json") return read_list(reader.read(path), file);
  if (extension == ".csv") return read_table(reader.read(path), file, ',');
  if (extension == ".tsv") return read_table(reader.read(path), file, '\t');
  throw UserError(unknown_name("form of documents", extension, {".csv", ".json", ".jsonl", ".tsv"}, file + ": "));
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// "task_id=11..510", "#=8..", "split=test".
class Condition {
 public:
  explicit Condition(const std::string& only) {
    const size_t equals = only.find('=');
    if (equals == 0 || equals == only.npos) throw UserError("`only: {}` must be KEY=FIRST..LAST or KEY=TEXT", only);
    key_ = only.substr(0, equals);
    text_ = only.substr(equals + 1);
    const size_t dots = text_.find("..");
    if (dots == text_.npos) return;
    first_ = whole_number(text_.substr(0, dots));
    last_ = dots + 2 == text_.size() ? std::numeric_limits<int64_t>::max() : whole_number(text_.substr(dots + 2));
    if (!first_ || !last_) throw UserError("`only: {}` must have whole numbers at both ends of the dots", only);
  }

  bool operator()(const Document& document, int64_t position) const {
    const json value = key_ == "#" ? json(position) : document_value(document);
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (!first_) return text == text_;
    const auto number = whole_number(text);
    return number && *first_ <= *number && *number <= *last_;
  }

 private:
  json document_value(const Document& document) const {
    if (!document.values.contains(key_)) throw UserError("{}: no key '{}' to choose by", document.place, key_);
    return document.values.at(key_);
  }
  std::string key_, text_;
  std::optional<int64_t> first_, last_;
};

json derived_value(const DerivedField& field, const BenchmarkTask& task, const Document& document) {
  std::string text = fill_template(field.of, field.name, document.values, task.texts);
  if (!field.pattern.empty()) text = Pattern(field.pattern).substitute(text, field.replacement);
  return field.is_json ? parse_json(text, fmt::format("what '{}' is derived from", field.name)) : json(text);
}

}  // namespace

std::string FileReader::read(const fs::path& path) {
  std::string bytes = read_file(path);
  read_ += fmt::format("{} {}\n", path.filename().string(), sha256(bytes));
  return bytes;
}

std::string FileReader::hash() const {
  return sha256(read_);
}

std::vector<Document> read_documents(const fs::path& file, const std::string& only, FileReader& reader) {
  std::vector<Document> all = read_all(file, reader);
  for (const Document& document : all)
    if (!document.values.is_object()) throw UserError("{}: a document must be a group of keys", document.place);
  if (only.empty()) return all;
  const Condition is_asked(only);
  std::vector<Document> chosen;
  for (size_t i = 0; i < all.size(); ++i)
    if (is_asked(all[i], static_cast<int64_t>(i))) chosen.push_back(std::move(all[i]));
  return chosen;
}

void derive_fields(const BenchmarkTask& task, Document& document) {
  for (const DerivedField& field : task.derived) try {
      document.values[field.name] = derived_value(field, task, document);
    } catch (const UserError& error) {
      throw UserError("{}: {}", document.place, error.what());
    }
}

}  // namespace freeact
