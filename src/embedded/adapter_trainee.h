// An adapter that makes a diffusion model of a causal one.
#pragma once

#include "embedded/adapter_recipe.h"
#include "embedded/training_run.h"

namespace freeact {

// Gives adapter.safetensors, as AdaptedModel::adapter() gives it. Losses are by puzzle and text, in nats; evaluations
// are "exact_match": {puzzle: %} and "nll" and "unigram_nll": {text: {mask ratio: nats}}, all on held-out items. Making
// the trainee throws UserError when base, texts or the adapter to start from do not fit the recipe.
Training training_of(const AdapterRecipe& recipe);

}  // namespace freeact
