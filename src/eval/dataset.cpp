#include "eval/dataset.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

#include "eval/puzzles.h"
#include "image/drawing.h"
#include "image/picture.h"
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

bool is_file(const std::string& image) {
  return !image.starts_with(kDrawPrefix);
}

void check_item(const TaskItem& item, const fs::path& folder, const std::string& place) {
  for (const std::string& image : item.images)
    if (is_file(image) && !fs::is_regular_file(folder / image))
      throw UserError("{}: there is no image {}", place, (folder / image).string());
}

void check_item(const ChoiceItem& item, const fs::path&, const std::string& place) {
  const bool of_contexts = !item.contexts.empty();
  if (of_contexts && (!item.context.empty() || !item.choices.empty()))
    throw UserError("{}: an item has 'context' and 'choices', or 'contexts' and 'ending'", place);
  if (item.count() < 2) throw UserError("{}: '{}' must list two or more", place, of_contexts ? "contexts" : "choices");
  for (size_t i = 0; i < item.count(); ++i)
    if (item.ending_of(i).empty())
      throw UserError("{}: {}", place, of_contexts ? "'ending' is empty" : "'choices' must hold no empty text");
  if (item.answer < 0 || item.answer >= static_cast<int64_t>(item.count()))
    throw UserError("{}: 'answer' is {}, but must be the place of a choice, 0 to {}", place, item.answer,
                    item.count() - 1);
}

// A task's sequence cannot be guessed, while a context and its choice need nothing between them.
std::string layout_text(const fs::path& file, const TaskItem*) {
  return read_file(file);
}

std::string layout_text(const fs::path& file, const ChoiceItem*) {
  return fs::exists(file) ? read_file(file) : R"({"text": "{input}{answer}"})";
}

template <typename Item>
Part<Item> read_folder(const fs::path& folder, const std::string& split, size_t limit) {
  const fs::path layout_file = folder / "layout.json", items_file = folder / (split + ".jsonl");
  const std::string layout = layout_text(layout_file, static_cast<Item*>(nullptr)), items = read_file(items_file);
  Part<Item> part = {folder.filename().string(),
                     parse_fields<Layout>(layout, layout_file.string()),
                     {},
                     sha256(sha256(layout) + sha256(items)),
                     folder};
  for_each_line(items_file, items, [&](const std::string& line, const std::string& place) {
    part.items.push_back(parse_fields<Item>(line, place));
    check_item(part.items.back(), folder, place);
    part.places.push_back(place);
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

size_t limit_of(int64_t num_items) {
  return num_items > 0 ? static_cast<size_t>(num_items) : SIZE_MAX;
}

template <typename Item>
std::vector<Part<Item>> read_parts(const fs::path& place, const std::string& dataset, const std::string& split,
                                   int64_t num_items) {
  if (!fs::is_directory(place))
    throw UserError("there is no data set '{}': no folder {}", dataset, place.lexically_normal().string());
  std::vector<Part<Item>> parts;
  if (!fs::exists(place / "parts.json"))
    parts.push_back(read_folder<Item>(place, split, limit_of(num_items)));
  else
    for (const std::string& name : part_names(place / "parts.json"))
      parts.push_back(read_folder<Item>(place.parent_path() / name, split, limit_of(num_items)));
  for (const auto& part : parts)
    if (part.items.empty()) throw UserError("data set '{}' has no {} items", part.name, split);
  return parts;
}

}  // namespace

std::vector<DatasetPart> read_dataset(const fs::path& datasets, const std::string& dataset, const std::string& split,
                                      int64_t num_items) {
  const fs::path place = datasets / dataset;  // an absolute path replaces the root
  if (place.extension() != ".csv") return read_parts<TaskItem>(place, dataset, split, num_items);
  DatasetPart part = read_sudoku_csv(place, limit_of(num_items));
  if (part.items.empty()) throw UserError("data set '{}' has no items", part.name);
  return {part};
}

std::vector<ChoicePart> read_choices(const fs::path& datasets, const std::string& dataset, const std::string& split,
                                     int64_t num_items) {
  return read_parts<ChoiceItem>(datasets / dataset, dataset, split, num_items);
}

template <typename Item>
std::string Part<Item>::place(size_t item) const {
  return item < places.size() ? places[item] : fmt::format("{} item {}", name, item);
}
template struct Part<TaskItem>;
template struct Part<ChoiceItem>;

std::string data_hash(const DatasetPart& part) {
  std::set<std::string> files;
  for (const TaskItem& item : part.items)
    std::copy_if(item.images.begin(), item.images.end(), std::inserter(files, files.end()), is_file);
  if (files.empty()) return part.hash;
  std::string all = part.hash;
  for (const std::string& file : files) all += file + sha256_file(part.folder / file);
  return sha256(all);
}

std::string data_hash(const ChoicePart& part) {
  return part.hash;
}

bool has_images(const DatasetPart& part) {
  return std::any_of(part.items.begin(), part.items.end(), [](const TaskItem& item) { return !item.images.empty(); });
}

std::vector<at::Tensor> load_pictures(const DatasetPart& part, size_t item) {
  std::vector<at::Tensor> pictures;
  try {
    for (const std::string& image : part.items[item].images) pictures.push_back(load_picture(part.folder, image));
  } catch (const UserError& error) {
    throw UserError("{}: {}", part.place(item), error.what());
  }
  return pictures;
}

std::vector<TokenSequence> lay_out_all(const DatasetPart& part, const Tokenizer& tokenizer, SequenceIds ids) {
  std::vector<TokenSequence> sequences;
  for (const TaskItem& item : part.items) {
    const std::string where = part.place(sequences.size());
    sequences.push_back(lay_out(part.layout, item, tokenizer, ids, where));
    if (sequences.back().target.size() != sequences.front().target.size())
      throw UserError("{} has {} tokens and the first item {}: give the layout a length", where,
                      sequences.back().target.size(), sequences.front().target.size());
  }
  return sequences;
}

}  // namespace freeact
