#include "embedded/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "embedded/recipe_file.h"

namespace freeact {

void Schedule::check() const {
  if (steps < 1) refuse("steps", "1 or more");
  if (save_every < 1) refuse("save_every", "1 or more");
  if (evaluate_every < 0 || evaluate_every % save_every != 0) refuse("evaluate_every", "0 or a multiple of save_every");
  if (learning_rate <= 0) refuse("learning_rate", "positive");
  if (warm_up_steps < 0) refuse("warm_up_steps", "0 or more");
  if (constant_share < 0 || constant_share > 1) refuse("constant_share", "between 0 and 1");
  if (final_rate_share < 0 || final_rate_share > 1) refuse("final_rate_share", "between 0 and 1");
}

bool Schedule::saves_after(int64_t steps_done) const {
  return steps_done == steps || steps_done % save_every == 0;
}

bool Schedule::evaluates_after(int64_t steps_done) const {
  return steps_done == steps || (evaluate_every > 0 && steps_done % evaluate_every == 0);
}

double Schedule::learning_rate_at(int64_t step) const {
  const auto now = static_cast<double>(step);
  if (step < warm_up_steps) return learning_rate * (now + 1) / static_cast<double>(warm_up_steps);
  const double constant = constant_share * static_cast<double>(steps);
  if (now < constant) return learning_rate;
  const double progress = (now - constant) / std::max(1.0, static_cast<double>(steps) - constant);
  const double cosine = (1 + std::cos(std::numbers::pi * progress)) / 2;
  return learning_rate * (final_rate_share + (1 - final_rate_share) * cosine);
}

}  // namespace freeact
