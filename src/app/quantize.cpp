#include <ATen/ATen.h>

#include "app/methods.h"
#include "app/verbs.h"
#include "run/quantise_run.h"

namespace freeact {

Verb add_quantize(CLI::App& app) {
  auto* verb = app.add_subcommand("quantize", "Calibrate one cell of an experiment and save the quantised model");
  auto request = std::make_shared<QuantiseRequest>();
  verb->add_option("experiment", request->experiment, "File below experiments/, without .yaml")->required();
  verb->add_option("overrides", request->overrides, "group=choice or dotted.key=value");
  verb->add_option("--out", request->folder, "Folder to write; it must not be there, or be empty")->required();
  verb->add_flag("--force", request->force, "Replace a saved model that is there");
  verb->add_flag("--json", request->json,
                 "A JSON line on stdout: folder, bytes, ratio to bfloat16, method, bits, seed");
  verb->add_flag("--quiet", request->quiet, "No settings and no progress");
  add_examples(*verb,
               "  freeact quantize quickstart method=freeact quant=w4a4 seed=1 --out puzzle-w4a4\n"
               "  freeact run quickstart method=saved seed=1 model.path=$PWD/puzzle-w4a4\n"
               "  freeact generate puzzle-w4a4 --raw --prompt '<|sort|>5103984627=' --max-new-tokens 10\n"
               "  freeact quantize standard method=quarot quant=w4a4 quant.embedding_bits=8 seed=1 --out small --json\n"
               "The folder's format is described in docs/quantised_format.md.");
  return [request] { quantise_experiment(*request, Project::find(), method_table()); };
}

}  // namespace freeact
