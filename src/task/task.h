// A benchmark task as data: datasets/NAME/task.yaml says which file holds its documents, how a document becomes a
// prompt, and which scorers judge the response. A new task needs no code unless its rule for scoring is new.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "util/fields.h"

namespace freeact {

// A file of documents: .jsonl (a document a line), .json (a list of them), .csv or .tsv (the first line names the
// keys).
struct DocumentFile {
  std::string file;
  std::string only;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("file", file, "in the task's folder of imported data, or DATA:FILE of another data set");
    visit("only", only,
          "KEY=FIRST..LAST, KEY=FIRST.. or KEY=TEXT: documents that have it, by number or by text; the key # is the "
          "position in the file, from 0; empty: all");
  }
};

// A key that a document gets before anything else reads it.
struct DerivedField {
  std::string name;
  std::string of;
  std::string pattern;
  std::string replacement = "$1";
  bool is_json = false;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "the new key; may replace one of the file's");
    visit("of", of, "a template over the document, \"{question}\"");
    visit("pattern", pattern,
          "a regular expression (scoring/pattern.h) whose every match becomes `replacement`; empty: the text as it is");
    visit("replacement", replacement, "$1 is the first group");
    visit("is_json", is_json, "the text is read as JSON: a number, a list");
  }
};

// Solved examples in front of the question.
struct ShotSettings {
  int64_t count = 0;
  std::string draw = "first";
  DocumentFile documents;
  std::string prompt;
  std::string separator = "\n\n";

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("count", count, "how many; 0: none");
    visit("draw", draw,
          "first: always the first documents; sampled: for each item, in the order of the file, Python's "
          "random.Random(1234).sample (lm-eval)");
    visit("documents", documents,
          "where they come from; in the form of the task's own, and with the same derived keys");
    visit("prompt", prompt, "template of an example's prompt; empty: the task's");
    visit("separator", separator, "between examples in one text");
  }
};

struct BenchmarkTask {
  std::string name;  // "gsm8k", or "gsm8k/cot" for a variant
  std::string about;
  int version = 1;
  std::string data;
  DocumentFile documents;
  std::vector<DerivedField> derived;
  Json texts = Json::object();
  std::string system;
  std::string description;
  std::string prompt;
  std::string target;
  std::string target_delimiter = " ";
  std::string opening;
  ShotSettings shots;
  std::string images;
  std::vector<std::string> stops;
  std::vector<std::string> scorers;
  std::vector<std::string> poolings;
  std::string subset;
  Json generation = Json::object();
  Json image_limits = Json::object();
  std::vector<std::string> comparable;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "folder below datasets/, with /VARIANT behind it for a variant");
    visit("about", about, "what it asks, in a line");
    visit("version", version, "raised when prompt, scorers or data change");
    visit("data", data,
          "what `freeact data import` brings (the folder of the documents); empty: the task's own folder");
    visit("documents", documents, "the items, in the order of the file");
    visit("derived", derived, "keys that documents get, in this order");
    visit("texts", texts,
          "long texts of the harnesses, {@NAME} in templates, which the data set harness_prompts holds; here, by name, "
          "what stands for them where only the sample is asked");
    visit("system", system, "system message of a conversation; empty: the chat template's own");
    visit("description", description,
          "template; stands in front of all examples, in a conversation at the end of the system message");
    visit("prompt", prompt, "template over a document (task/template.h): \"Question: {question}\\nAnswer:\"");
    visit("target", target, "template of an example's answer");
    visit("target_delimiter", target_delimiter, "between an example's prompt and its answer, in one text");
    visit("opening", opening, "template: what the answer is made to begin with");
    visit("shots", shots, "solved examples");
    visit("images", images,
          "template of the item's images, one a line: file names in the data's folder, draw:SPEC, or base64:DATA; "
          "empty: none");
    visit("stops", stops, "the response is cut at each of these, in this order, before it is scored");
    visit("scorers", scorers, "rules, see `freeact list scorers`; the first is the task's headline");
    visit("poolings", poolings, "metrics over all items besides the means of scores");
    visit("subset", subset, "template: scores are also reported by this (\"{type}\"); empty: not");
    visit("generation", generation,
          "how answers are written: `default`, and by model family what differs (eval/settings.h)");
    visit("image_limits", image_limits,
          "how large images are seen: `default`, and by model family (image_processor.h)");
    visit("comparable", comparable, "what published figures this may be held against, for people");
  }
};

// "NAME" or "NAME/VARIANT" of datasets/NAME/task.yaml, whose `variants` hold the keys that differ from the task's own.
// Throws UserError, with file and line, on a faulty file, and naming the near ones where there is no such task.
BenchmarkTask read_benchmark_task(const std::filesystem::path& datasets, const std::string& name);

// All tasks and variants, by name.
std::vector<std::string> list_benchmark_tasks(const std::filesystem::path& datasets);

}  // namespace freeact
