#include "embedded/model_card.h"

#include <fstream>

#include "eval/language_puzzles.h"
#include "util/fields.h"
#include "util/progress.h"

namespace freeact {
namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

constexpr const char* kCaveats = R"(
## What it is not

- A smoke test, not a language model: it knows these puzzles and nothing else.
- Only 288 solved 4x4 grids exist. Test sudokus were not trained on, but their solved grids were; only which cells are
  blank is new. Inputs of the other puzzles are too many to be memorised, and none of the test inputs was trained on.
- Models of this size have few outliers in their activations: expect W4A4 to hurt it far less than a model of billions of
  parameters. Look at 3 bits, and at the likelihood, which moves before the exact match does.
- One training seed.
)";

constexpr const char* kAdapterCaveats = R"(
## What it is not

- Not measured on the test sets: the numbers above are of held-out items that were looked at during training. The test
  items of `datasets/` were neither trained on nor looked at.
- Word problems come from six sentences with changing names, things and numbers; only the numbers are new in a test item.
- Text: the masked tokens of a segment are predicted in one pass, each by itself.
- One training seed.
)";

std::string accuracy_table(const AdapterRecipe& recipe, const Json& row) {
  std::string table =
      fmt::format("| puzzle | what | exact match of {} held-out items, % |\n|---|---|---|\n", recipe.evaluated_items);
  for (const PuzzleShare& share : recipe.puzzles)
    table +=
        fmt::format("| {} | {} | {:.1f} |\n", share.kind, find_puzzle_kind(share.kind, language_puzzle_kinds()).about,
                    row.at("exact_match").at(share.kind).get<double>());
  return table;
}

std::string likelihood_table(const AdapterRecipe& recipe, const Json& row) {
  std::string table = "| held-out text | masked | nats per masked token | unigram counts |\n|---|---|---|---|\n";
  for (const TextShare& share : recipe.texts)
    for (const auto& [ratio, nll] : row.at("nll").at(share.file).items())
      table += fmt::format("| {} | {} | {:.2f} | {:.2f} |\n", share.file, ratio, nll.get<double>(),
                           row.at("unigram_nll").at(share.file).at(ratio).get<double>());
  return table;
}

}  // namespace

std::string adapter_card(const AdapterRecipe& recipe, const Json& last_row) {
  return fmt::format(
             "# {}\n\nAn adapter that makes {} a masked-diffusion language model of Dream's form (bidirectional, "
             "shifted logits): an addition of rank {} to every linear, and the embedding of {}. Licence: "
             "Apache-2.0.\n\n",
             recipe.name, std::filesystem::path(recipe.base).filename().string(), recipe.rank, kMaskToken) +
         accuracy_table(recipe, last_row) + "\n" + likelihood_table(recipe, last_row) +
         fmt::format(
             "\n## How it was made\n\nBy `freeact train` in {} steps, {} tokens and {} with {} thread(s) of a shared "
             "machine ({}). `curve.jsonl` has the course. In a puzzle only answer tokens are masked, in a text any; "
             "the number of masked tokens is uniform, and the loss is the mean cross-entropy of the masked "
             "tokens.\n\n```json\n{}\n```\n",
             last_row.at("step").get<int64_t>(), last_row.at("tokens").get<int64_t>(),
             format_duration(last_row.at("seconds").get<double>()), recipe.threads, processor_name(),
             write_fields(recipe).dump(2)) +
         kAdapterCaveats;
}

std::string model_card(const PuzzleRecipe& recipe, double training_seconds,
                       const std::vector<PuzzleAccuracy>& accuracies) {
  std::string card = fmt::format(
      "# {}\n\nA masked-diffusion language model in LLaDA's form (bidirectional, RMSNorm, SwiGLU, rotary positions, "
      "untied "
      "head), trained from scratch by `freeact train`. Licence: Apache-2.0.\n\n"
      "| puzzle | what | exact match, % | test items |\n|---|---|---|---|\n",
      recipe.name);
  for (const PuzzleAccuracy& a : accuracies)
    card += fmt::format("| {} | {} | {:.1f} ± {:.1f} | {} |\n", a.puzzle, find_puzzle_kind(a.puzzle).about,
                        a.exact_match, a.standard_error, a.count);
  card += fmt::format(
      "\nMeasured on the weights as stored (bfloat16, computed in float32), one token a step, the most confident "
      "first; "
      "± is the standard error over items.\n\n## How it was made\n\n"
      "Trained in {} with {} thread(s) of a shared machine ({}). The same recipe on the same kind of machine gives the "
      "same weights. Only answer tokens are masked; each sequence's share t of masked tokens is stratified over the "
      "batch; the loss is the cross-entropy of masked tokens over t, divided by the answer "
      "tokens.\n\n```json\n{}\n```\n",
      format_duration(training_seconds), recipe.threads, processor_name(), write_fields(recipe).dump(2));
  return card + kCaveats;
}

}  // namespace freeact
