#include "task/items.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <sstream>

#include "task/documents.h"
#include "task/shots.h"
#include "task/template.h"
#include "task/texts.h"
#include "util/cache.h"
#include "util/random.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path own_folder(const fs::path& datasets, const BenchmarkTask& task) {
  return datasets / task.name.substr(0, task.name.find('/'));
}

// What a task reads, by source: the documents, the examples, and the texts of its templates.
class TaskFiles {
 public:
  TaskFiles(const fs::path& datasets, const BenchmarkTask& task, ItemSource source)
      : is_sample_(source == ItemSource::kSample),
        folder_(is_sample_ ? own_folder(datasets, task) : task_data_folder(datasets, task)),
        task_(is_sample_ ? task : with_imported_texts(task, reader_)) {}

  const BenchmarkTask& task() const { return task_; }
  const fs::path& folder() const { return folder_; }
  std::string hash() const { return reader_.hash(); }

  std::vector<Document> documents() { return read(task_.documents); }
  std::vector<Document> examples() { return read(task_.shots.documents); }

  // Whether the items are the examples too.
  bool is_one_list() const {
    const DocumentFile &items = task_.documents, &examples = task_.shots.documents;
    return is_sample_ || (items.file == examples.file && items.only == examples.only);
  }

 private:
  std::vector<Document> read(const DocumentFile& from) {
    std::vector<Document> documents =
        is_sample_ ? read_documents(folder_ / "sample.jsonl", "", reader_)
                   : read_documents(imported_file(folder_, task_.data, from.file), from.only, reader_);
    for (Document& document : documents) derive_fields(task_, document);
    return documents;
  }

  const bool is_sample_;
  const fs::path folder_;
  FileReader reader_;
  const BenchmarkTask task_;
};

// Which items: all, or as many as asked, in the order of the file.
std::vector<size_t> chosen_items(size_t population, const ItemRequest& request) {
  std::vector<size_t> chosen(population);
  std::iota(chosen.begin(), chosen.end(), 0);
  const auto limit = static_cast<size_t>(request.limit);
  if (limit == 0 || limit >= population) return chosen;
  Random(request.seed, "benchmark items").shuffle(chosen);
  chosen.resize(limit);
  std::ranges::sort(chosen);
  return chosen;
}

int64_t shots_of(const BenchmarkTask& task, const ItemRequest& request) {
  return request.num_shots < 0 ? task.shots.count : request.num_shots;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

BenchmarkItem item_of(const BenchmarkTask& task, Document document, const std::vector<json>& examples,
                      bool shots_as_turns) {
  BenchmarkItem item;
  item.prompt = prompt_of_document(task, document.values, examples, shots_as_turns);
  item.images = lines_of(fill_template(task.images, "images", document.values, task.texts));
  item.subset = fill_template(task.subset, "subset", document.values, task.texts);
  item.place = std::move(document.place);
  item.document = std::move(document.values);
  return item;
}

}  // namespace

BenchmarkItems read_benchmark_items(const fs::path& datasets, const BenchmarkTask& task, const ItemRequest& request) {
  TaskFiles files(datasets, task, request.source);
  std::vector<Document> documents = files.documents();
  const int64_t num_shots = shots_of(task, request);
  if (num_shots > 0 && task.shots.documents.file.empty())
    throw UserError("the task {} has no examples: ask for 0", task.name);
  const std::vector<Document> examples = num_shots > 0 ? files.examples() : std::vector<Document>();
  const auto shots = draw_shots(task.shots, num_shots, static_cast<int64_t>(documents.size()),
                                static_cast<int64_t>(examples.size()), files.is_one_list());
  BenchmarkItems result;
  for (const size_t i : chosen_items(documents.size(), request)) try {
      std::vector<json> own_examples;
      for (const int64_t shot : shots[i]) own_examples.push_back(examples[static_cast<size_t>(shot)].values);
      result.items.push_back(item_of(files.task(), documents[i], own_examples, request.shots_as_turns));
      result.items.back().index = static_cast<int64_t>(i);
    } catch (const UserError& error) {
      throw UserError("{}: task {}: {}", documents[i].place, task.name, error.what());
    }
  result.population = static_cast<int64_t>(documents.size());
  result.folder = files.folder();
  result.hash = files.hash();
  return result;
}

std::vector<std::string> imported_data(const BenchmarkTask& task, const ItemRequest& request) {
  if (request.source == ItemSource::kSample) return {};
  std::vector<std::string> files = {task.documents.file};
  if (shots_of(task, request) > 0) files.push_back(task.shots.documents.file);
  if (!task.texts.empty()) files.emplace_back(kHarnessTexts);
  std::set<std::string> names;
  for (const std::string& file : files) {
    const size_t colon = file.find(':');
    names.insert(colon == file.npos ? task.data : file.substr(0, colon));
  }
  names.erase("");
  return {names.begin(), names.end()};
}

fs::path task_data_folder(const fs::path& datasets, const BenchmarkTask& task) {
  return task.data.empty() ? own_folder(datasets, task) : data_folder(task.data);
}

}  // namespace freeact
