// The items of a benchmark task: documents with the prompts made of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "task/task.h"
#include "tokenizer/chat.h"

namespace freeact {

// What is asked, in both forms.
struct ItemPrompt {
  std::string text;  // for models without a chat: description, examples, prompt and opening in one
  std::vector<Message>
      messages;  // for a chat; where the answer's opening is given, a last, open message of the assistant
};

struct BenchmarkItem {
  int64_t index = 0;  // among those that the task asks, in the order of the file
  nlohmann::json document;
  std::string place;  // "FILE:LINE", for messages
  ItemPrompt prompt;
  std::vector<std::string> images;  // as load_picture() takes them, or base64:DATA
  std::string subset;               // the value of the task's `subset`
};

// Where the documents of a task come from.
enum class ItemSource {
  kImported,  // the published data, brought by `freeact data import`
  kSample,    // the ten items of our own in datasets/NAME/sample.jsonl, which are also the examples' source
};

struct ItemRequest {
  ItemSource source = ItemSource::kImported;
  int64_t num_shots = -1;      // -1: as the task says
  bool shots_as_turns = true;  // each example a turn of its own in a conversation; false: all in one user message
  int64_t limit = 0;           // items drawn by the seed, in the order of the file; 0: all
  uint64_t seed = 0;
};

struct BenchmarkItems {
  std::vector<BenchmarkItem> items;
  int64_t population = 0;        // how many there are without a limit
  std::filesystem::path folder;  // file names of images count from here
  std::string hash;              // SHA-256 of all files read, images not included
};

// Throws EnvironmentError where the data are not imported, saying how to bring them, and UserError naming file and line
// of a document that lacks what a template reads.
BenchmarkItems read_benchmark_items(const std::filesystem::path& datasets, const BenchmarkTask& task,
                                    const ItemRequest& request);

// The prompt of one document with these examples in front; all have their derived keys. {@NAME} is what the task's
// `texts` say.
ItemPrompt prompt_of_document(const BenchmarkTask& task, const nlohmann::json& document,
                              const std::vector<nlohmann::json>& examples, bool shots_as_turns);

// The names of all imported data that these items are read from: the task's own, those of examples and of the
// harnesses' texts; none for sample items.
std::vector<std::string> imported_data(const BenchmarkTask& task, const ItemRequest& request);

// The folder in which the task's data lie once they are imported.
std::filesystem::path task_data_folder(const std::filesystem::path& datasets, const BenchmarkTask& task);

}  // namespace freeact
