// A task's documents in each of the four forms, which the first character names: l for lines of JSON, j for a list, c
// and t for tables. Then what a task makes of them: a choice, derived keys and a prompt.
#include "fuzz/run.h"
#include "fuzz/scratch_folder.h"
#include "task/documents.h"
#include "task/template.h"

namespace freeact {
namespace {

size_t size_of(const nlohmann::json& value) {
  size_t size = value.is_string() ? value.get_ref<const std::string&>().size() + 1 : 1;
  for (const auto& [key, item] : value.items())
    if (value.is_structured()) size += key.size() + size_of(item);
  return size;
}

BenchmarkTask task_of_all_filters() {
  BenchmarkTask task;
  task.derived = {{.name = "short", .of = "{question|trim}", .pattern = "([a-z]+) *", .replacement = "$1,"},
                  {.name = "list", .of = "{options?|json}", .pattern = "", .is_json = true}};
  return task;
}

void ask(const BenchmarkTask& task, Document document) {
  try {
    derive_fields(task, document);
    fill_template("{question|capitalised} {short|line:>} {list|first:2|json}", "prompt", document.values, task.texts);
    fill_template("{options|lettered} {a.0.b?c?}", "prompt", document.values, task.texts);
  } catch (const UserError&) {  // the next one may have all keys
  }
}

void read_all(const std::filesystem::path& file, size_t bytes) {
  static const BenchmarkTask task = task_of_all_filters();
  FileReader reader;
  size_t size = 0;
  for (const Document& document : read_documents(file, "", reader)) {
    size += size_of(document.values);
    ask(task, document);
  }
  FREEACT_CHECK(size <= 100 * bytes, "{} characters from {} bytes", size, bytes);
  for (const char* only : {"#=1..2", "id=3..", "question=a"}) try {
      read_documents(file, only, reader);
    } catch (const UserError&) {  // lacks the key
    }
}

}  // namespace
}  // namespace freeact

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freeact;
  static const OwnFolder folder;
  return run_input(data, size, [](std::string_view text) {
    if (text.empty()) return;
    const char* name = text[0] == 'l' ? "a.jsonl" : text[0] == 'j' ? "a.json" : text[0] == 'c' ? "a.csv" : "a.tsv";
    folder.write(name, text.substr(1));
    read_all(folder.path() / name, text.size());
  });
}
