#include "eval/dataset.h"

#include <algorithm>
#include <sstream>

#include "eval/puzzles.h"
#include "util/files.h"
#include "util/hash.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

template <typename T>
T parse_fields(const std::string& text, const std::string& where) {
  try {
    return read_fields<T>(Json::parse(text));
  } catch (const Json::parse_error& error) {
    throw UserError("{}: {}", where, error.what());
  } catch (const FieldError& error) {
    throw UserError("{}: {}", where, error.what());
  }
}

// Calls fn(line, place) for every line that is not empty, until fn returns false.
template <typename Function>
void for_each_line(const fs::path& file, const std::string& text, const Function& fn) {
  std::istringstream lines(text);
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty() && !fn(line, fmt::format("{}:{}", file.string(), number))) return;
  }
}

TaskItem sudoku_of_csv(const std::string& line, const std::string& place) {
  const size_t comma = line.find(',');
  if (comma == std::string::npos) throw UserError("{}: expected PUZZLE,SOLUTION", place);
  TaskItem item = {line.substr(0, comma), line.substr(comma + 1)};
  std::replace(item.input.begin(), item.input.end(), '0', '_');
  return item;
}

DatasetPart read_sudoku_csv(const fs::path& file, size_t limit) {
  const std::string text = read_file(file);
  DatasetPart part = {file.stem().string(), find_puzzle_kind("sudoku").layout, {}, sha256(text)};
  bool header = true;
  for_each_line(file, text, [&](const std::string& line, const std::string& place) {
    if (!std::exchange(header, false)) part.items.push_back(sudoku_of_csv(line, place));
    return part.items.size() < limit;
  });
  return part;
}

DatasetPart read_folder(const fs::path& folder, const std::string& split, size_t limit) {
  const fs::path layout_file = folder / "layout.json", items_file = folder / (split + ".jsonl");
  const std::string layout = read_file(layout_file), items = read_file(items_file);
  DatasetPart part = {folder.filename().string(),
                      parse_fields<Layout>(layout, layout_file.string()),
                      {},
                      sha256(sha256(layout) + sha256(items))};
  for_each_line(items_file, items, [&](const std::string& line, const std::string& place) {
    part.items.push_back(parse_fields<TaskItem>(line, place));
    return part.items.size() < limit;
  });
  return part;
}

std::vector<std::string> part_names(const fs::path& file) {
  const auto json = read_json(file);
  const bool texts =
      json.is_array() && std::all_of(json.begin(), json.end(), [](const auto& entry) { return entry.is_string(); });
  if (!texts) throw UserError("{}: must be a list of folder names", file.string());
  return json.get<std::vector<std::string>>();
}

}  // namespace

std::vector<DatasetPart> read_dataset(const fs::path& datasets, const std::string& dataset, const std::string& split,
                                      int64_t num_items) {
  const fs::path place = datasets / dataset;  // an absolute path replaces the root
  const size_t limit = num_items > 0 ? static_cast<size_t>(num_items) : SIZE_MAX;
  if (place.extension() == ".csv") return {read_sudoku_csv(place, limit)};
  if (!fs::is_directory(place))
    throw UserError("there is no data set '{}': no folder {}", dataset, place.lexically_normal().string());
  std::vector<DatasetPart> parts;
  if (!fs::exists(place / "parts.json"))
    parts.push_back(read_folder(place, split, limit));
  else
    for (const std::string& name : part_names(place / "parts.json"))
      parts.push_back(read_folder(place.parent_path() / name, split, limit));
  for (const DatasetPart& part : parts)
    if (part.items.empty()) throw UserError("data set '{}' has no {} items", part.name, split);
  return parts;
}

std::vector<TokenSequence> lay_out_all(const DatasetPart& part, const Tokenizer& tokenizer, SequenceIds ids) {
  std::vector<TokenSequence> sequences;
  for (const TaskItem& item : part.items) {
    const std::string where = fmt::format("{} item {}", part.name, sequences.size());
    sequences.push_back(lay_out(part.layout, item, tokenizer, ids, where));
    if (sequences.back().target.size() != sequences.front().target.size())
      throw UserError("{} has {} tokens and the first item {}: give the layout a length", where,
                      sequences.back().target.size(), sequences.front().target.size());
  }
  return sequences;
}

}  // namespace freeact
