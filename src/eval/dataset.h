// Reading a data set's folder: layout.json and SPLIT.jsonl with one {"input", "answer"}, with "images" where there are
// some, or {"context", "choices", "answer"} or {"contexts", "ending", "answer"} a line, or parts.json, a list of other
// folders beside it that are read together. A new task of these kinds needs files only, no code.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "eval/layout.h"

namespace freeact {

// The items of one folder that share a layout.
template <typename Item>
struct Part {
  std::string name;  // the folder's
  Layout layout;
  std::vector<Item> items;
  std::string hash;                      // SHA-256 of the files it was read from, the items' images not included
  std::filesystem::path folder = {};     // its images are below it
  std::vector<std::string> places = {};  // "FILE:LINE" of each item; empty where they were not read

  // For messages about an item.
  std::string place(size_t item) const;
};
using DatasetPart = Part<TaskItem>;
using ChoicePart = Part<ChoiceItem>;

// dataset names a folder below `datasets`, or is a path. A path to a .csv file is a list of 4x4 sudokus in the form of
// the d1 project (header "Puzzle,Solution", 0 for blank). split: "test" or "calibration". num_items: the first of each
// part; 0: all. Throws UserError naming file and line, also of an item whose image is not there.
std::vector<DatasetPart> read_dataset(const std::filesystem::path& datasets, const std::string& dataset,
                                      const std::string& split, int64_t num_items = 0);

// The same of items with choices, whose layout.json may be missing (the context, then the choice).
std::vector<ChoicePart> read_choices(const std::filesystem::path& datasets, const std::string& dataset,
                                     const std::string& split, int64_t num_items = 0);

// SHA-256 of all that a part consists of: its hash, and its image files.
std::string data_hash(const DatasetPart& part);
std::string data_hash(const ChoicePart& part);

bool has_images(const DatasetPart& part);

// The pictures of an item, uint8 [H, W, 3] each. Throws UserError naming its place.
std::vector<at::Tensor> load_pictures(const DatasetPart& part, size_t item);

// The sequences of a part for one model. Throws UserError unless all have one length, which unpadded batches need.
std::vector<TokenSequence> lay_out_all(const DatasetPart& part, const Tokenizer& tokenizer, SequenceIds ids);

}  // namespace freeact
