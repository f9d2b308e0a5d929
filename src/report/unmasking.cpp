#include "report/unmasking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/format.h"
#include "report/gallery.h"
#include "report/over_layers.h"

namespace freeact {
namespace {

constexpr size_t kMaxItems = 2;
constexpr size_t kMaxTokens = 256;

struct Answered {
  const Run* run = nullptr;
  const UnmaskedAnswer* answer = nullptr;
  size_t input = 0;  // TaskSamples::inputs
  double score = 0;
};

std::optional<Answered> answered(const Run& run, const UnmaskedAnswer& answer) {
  const TaskSamples* samples = run.find_task(answer.task);
  if (samples == nullptr) return std::nullopt;
  const auto found = std::lower_bound(samples->indices.begin(), samples->indices.end(), answer.index);
  if (found == samples->indices.end() || *found != answer.index) return std::nullopt;
  const auto place = static_cast<size_t>(found - samples->indices.begin());
  return Answered{&run, &answer, samples->inputs[place], samples->scores[place]};
}

std::vector<Answered> answers_of(const Run& run) {
  std::vector<Answered> answers;
  for (const auto& answer : run.record.unmaskings)
    if (auto found = answered(run, answer)) answers.push_back(*found);
  return answers;
}

bool same_item(const Answered& a, const Answered& b) {
  return a.answer->task == b.answer->task && a.answer->index == b.answer->index && a.input == b.input;
}

// Of the first run of an arm that has one.
const Answered* find_answer(const std::vector<Answered>& answers, const Answered& item) {
  const auto found =
      std::find_if(answers.begin(), answers.end(), [&](const Answered& a) { return same_item(a, item); });
  return found == answers.end() ? nullptr : &*found;
}

std::vector<Answered> answers_of(const Arm& arm) {
  std::vector<Answered> all;
  for (const Run* run : arm.runs) std::ranges::copy(answers_of(*run), std::back_inserter(all));
  return all;
}

// Kendall's tau-b of two orders over the places that both have a step of; nothing where one of them has a single step.
std::optional<double> kendall_tau(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  double agreement = 0, pairs_a = 0, pairs_b = 0;
  const auto sign = [](int64_t x, int64_t y) { return x < y ? -1 : x > y ? 1 : 0; };
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      if (a[i] < 0 || b[i] < 0 || a[j] < 0 || b[j] < 0) continue;
      const int in_a = sign(a[i], a[j]), in_b = sign(b[i], b[j]);
      agreement += in_a * in_b;
      pairs_a += std::abs(in_a);
      pairs_b += std::abs(in_b);
    }
  if (pairs_a == 0 || pairs_b == 0) return std::nullopt;
  return agreement / std::sqrt(pairs_a * pairs_b);
}

std::vector<int64_t> steps_of(const Answered& answered) {
  std::vector<int64_t> steps;
  for (const auto& token : answered.answer->tokens) steps.push_back(token.step);
  return steps;
}

// Of all answers of a run.
class RunOrders {
 public:
  RunOrders(const Run& run, const std::vector<Answered>& reference) {
    for (const Answered& answer : answers_of(run)) {
      ++count_;
      const auto steps = steps_of(answer);
      std::vector<int64_t> places(steps.size());
      for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
      if (const auto tau = kendall_tau(steps, places)) left_to_right_.push_back(*tau);
      const Answered* other = find_answer(reference, answer);
      if (other == nullptr || other->answer->tokens.size() != steps.size()) continue;
      if (const auto tau = kendall_tau(steps, steps_of(*other))) like_reference_.push_back(*tau);
    }
  }
  size_t count() const { return count_; }
  const std::vector<double>& left_to_right() const { return left_to_right_; }
  const std::vector<double>& like_reference() const { return like_reference_; }

 private:
  size_t count_ = 0;
  std::vector<double> left_to_right_, like_reference_;
};

// Of values, one a seed.
TableCell tau_cell(const std::vector<double>& values) {
  if (values.empty()) return text_cell(std::string(kMissing));
  const Interval interval = t_interval(values);
  std::string text = format_difference(mean(values), "");
  if (interval.known()) text += fmt::format(" ± {:.4f}", interval.half_width());
  return text_cell(text);
}

std::vector<TableCell> order_row(const Arm& arm, const std::vector<Answered>& reference) {
  std::vector<double> left_to_right, like_reference;
  size_t count = 0;
  TableCell links;
  for (const Run* run : arm.runs) {
    const RunOrders orders(*run, reference);
    count += orders.count();
    if (orders.count() > 0) links.runs.push_back(run->id);
    if (!orders.left_to_right().empty()) left_to_right.push_back(mean(orders.left_to_right()));
    if (!orders.like_reference().empty()) like_reference.push_back(mean(orders.like_reference()));
  }
  return {text_cell(arm.label), text_cell(fmt::format("{}", count)), tau_cell(left_to_right),
          arm.method == "none" ? text_cell(std::string(kMissing)) : tau_cell(like_reference), links};
}

// Each item once, in order of index.
std::vector<Answered> items_of(const Setting& setting, const std::string& task) {
  std::vector<Answered> items;
  for (const auto& arm : setting.arms)
    for (const Answered& answer : answers_of(arm))
      if (answer.answer->task == task && find_answer(items, answer) == nullptr) items.push_back(answer);
  std::ranges::stable_sort(items, {}, [](const Answered& item) { return item.answer->index; });
  items.resize(std::min(items.size(), kMaxItems));
  return items;
}

// As many tokens as a page takes.
UnmaskedText text_of(const Arm& arm, const Answered& answered) {
  UnmaskedText text{.method = arm.label,
                    .mark = mark_of(answered.score),
                    .tooltip = fmt::format("run {}, seed {}", answered.run->id, answered.run->record.seed),
                    .tokens = answered.answer->tokens};
  if (text.tokens.size() > kMaxTokens) {
    text.tokens.resize(kMaxTokens);
    text.tokens.push_back({"…", -1});
  }
  return text;
}

UnmaskingCard card_of(const Setting& setting, const Answered& item) {
  UnmaskingCard card{.title = fmt::format("Item {}", item.answer->index), .steps = 0, .answers = {}};
  for (const auto& arm : setting.arms) {
    const auto answers = answers_of(arm);
    if (const Answered* answer = find_answer(answers, item)) {
      card.answers.push_back(text_of(arm, *answer));
      for (const auto& token : answer->answer->tokens) card.steps = std::max(card.steps, token.step + 1);
    }
  }
  return card;
}

}  // namespace

std::vector<UnmaskingMap> unmasking_maps(const Setting& setting) {
  std::vector<UnmaskingMap> maps;
  for (const auto& task : distinct_names(setting, &RunRecord::unmaskings, &UnmaskedAnswer::task)) {
    UnmaskingMap map{.name = file_stem("unmasking_" + task + "_" + setting.title),
                     .title = fmt::format("Order of unmasking, {}, {}", task, setting.title),
                     .caption =
                         "The first items of the test, whatever came of them, and the answer of each method's first "
                         "seed: ✓ right, ✗ wrong. A token is the darker, the later it was written; ends of sequence "
                         "that fill the answer are written too.",
                     .cards = {}};
    for (const Answered& item : items_of(setting, task)) map.cards.push_back(card_of(setting, item));
    if (!map.cards.empty()) maps.push_back(std::move(map));
  }
  return maps;
}

std::optional<Table> unmasking_table(const Setting& setting) {
  Table table{.name = "unmasking_orders_" + file_stem(setting.title),
              .title = "Order of unmasking, " + setting.title,
              .caption =
                  "Kendall's τ of the step that wrote each token: with its place in the answer (1: from left to right, "
                  "−1: from right to left, 0: neither), and with the step in which the 16-bit model wrote that place "
                  "of the same answer (1: the same order). Mean over the answers that kept their order, then over "
                  "seeds ± half width of the 95% t interval.",
              .columns = {"Method", "Answers", "Left to right", "As the 16-bit model", "Runs"},
              .rows = {}};
  const Arm* sixteen_bit = find_arm(setting, "none");
  const auto reference = sixteen_bit == nullptr ? std::vector<Answered>() : answers_of(*sixteen_bit);
  for (const auto& arm : setting.arms)
    if (!answers_of(arm).empty()) table.rows.push_back(order_row(arm, reference));
  if (table.rows.empty()) return std::nullopt;
  return table;
}

}  // namespace freeact
