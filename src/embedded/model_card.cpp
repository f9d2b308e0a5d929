#include "embedded/model_card.h"

#include <fstream>

#include "eval/puzzles.h"
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

}  // namespace

std::string model_card(const TrainingRecipe& recipe, double training_seconds,
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
