// The recipe of an adapter that makes a diffusion model of a causal one: everything that determines its weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "embedded/schedule.h"

namespace freeact {

struct PuzzleShare {
  std::string kind;
  int64_t sequences = 8;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("kind", kind, "puzzle in a form for language models (src/eval/language_puzzles.h)");
    visit("sequences", sequences, "of this puzzle in a step");
  }
};

struct TextShare {
  std::string file, sha256;
  int64_t sequences = 4;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("file", file, "plain text; a relative path begins with the name of an external data set");
    visit("sha256", sha256, "of the file");
    visit("sequences", sequences, "segments of row_tokens tokens in a step");
  }
};

inline constexpr const char* kAdapterKind = "adapter";

struct AdapterRecipe {
  std::string kind = kAdapterKind, name, base, start, start_sha256;
  uint64_t seed = 0;
  int threads = 1;
  std::string precision = "bfloat16";
  int64_t rank = 16;
  double scale = 2;
  int64_t row_tokens = 128;
  std::vector<PuzzleShare> puzzles;
  std::vector<TextShare> texts;
  Schedule schedule{.learning_rate = 7e-4, .warm_up_steps = 100};
  int64_t evaluated_items = 24;
  std::filesystem::path folder;  // of the recipe file

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("kind", kind, "adapter");
    visit("name", name, "of the model");
    visit("base", base, "folder of a Llama; a relative path is below the cache folder");
    visit("start", start, "adapter file to go on from, a relative path below the recipe's folder; \"\": none");
    visit("start_sha256", start_sha256, "of that file");
    visit("seed", seed, "factors, data and masks derive from it");
    visit("threads", threads, "CPU threads; sums, and so the weights, depend on their number");
    visit("precision", precision, "of frozen weights and activations: float32 or bfloat16");
    visit("rank", rank, "of the addition to each linear");
    visit("scale", scale, "of the additions");
    visit("row_tokens", row_tokens, "length of a text segment, and of the rows short sequences are packed into");
    visit("puzzles", puzzles, "");
    visit("texts", texts, "the last tenth of each is held out");
    schedule.interval_fields(visit);
    visit("evaluated_items", evaluated_items, "held-out items of each puzzle, and half as many text segments");
    schedule.rate_fields(visit);
  }
};

// Throws UserError, with file and line, on an unknown key or an impossible value.
AdapterRecipe read_adapter_recipe(const std::filesystem::path& file);

// Of the resolved recipe; where the start lies does not count, what it holds does.
std::string recipe_hash(const AdapterRecipe& recipe);

}  // namespace freeact
